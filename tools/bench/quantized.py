#!/usr/bin/env python3
"""Score a classifier in float32, in 8 bits (`--precision int8`), by its quantized file and by the one that quantize_dynamic makes of it, and
time `mslora predict` with each in turns, loading included. The classifier is trained first."""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import onnxruntime.quantization

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import machine
import record
from fetch.failure import run
from record import REVIEWS, ROOT

COLUMNS = {"classifier": "", "size, MB": ".1f", "texts": ".0f", "accuracy, %": ".2f", "float32's label for, %": ".1f", "texts a second": ".1f",
           "beside float32's": ".2f"}
FILE = "model_quantized.onnx"


def printed(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def percent(share):
    return 100 * share["hits"] / share["texts"]


def main():
    parser = record.parser_of(__doc__)
    parser.add_argument("--program", default=ROOT / "bin" / "mslora")
    parser.add_argument("--reviews", default=REVIEWS, help="folder of train.csv, dev.csv and test.csv")
    parser.add_argument("--rounds", type=int, default=3, help="turns of the timing")
    parser.add_argument("model", nargs="?", default="bge-small")
    o = parser.parse_args()
    train, dev, test = (os.path.join(o.reviews, part + ".csv") for part in ("train", "dev", "test"))
    with tempfile.TemporaryDirectory() as work:
        ours, theirs = (os.path.join(work, name) for name in ("classifier", "quantize_dynamic"))
        subprocess.run([o.program, "train", "--model", os.path.join(o.models, o.model), "--data", train, "--dev", dev, "--method", "lora", "--head", "trained",
                        "--epochs", "2", "--lr", "1e-3", "--quantize", "int8", "--out", ours, "--quiet"], check=True)
        shutil.copytree(ours, theirs)
        whole = os.path.join(ours, "onnx", "model.onnx")
        onnxruntime.quantization.quantize_dynamic(whole, os.path.join(theirs, "onnx", FILE), weight_type=onnxruntime.quantization.QuantType.QInt8)
        sides = {"float32": (ours, [], whole)}
        if machine.has_vnni():
            sides["8 bits, `--precision int8`"] = (ours, ["--precision", "int8"], None)
        sides |= {f"`{FILE}`": (ours, ["--quantized"], os.path.join(ours, "onnx", FILE)),
                  "`quantize_dynamic`": (theirs, ["--quantized"], os.path.join(theirs, "onnx", FILE))}
        scores = {name: json.loads(printed(o.program, "compare", folder, *options, "--data", test, "--json").splitlines()[-1]) for name, (folder, options, _) in sides.items()}
        kept = record.Record(COLUMNS)
        seconds = {name: [] for name in sides}
        for _ in range(o.rounds):
            for name, (folder, options, _) in sides.items():
                begin = time.perf_counter()
                printed(o.program, "predict", folder, *options, test)
                seconds[name].append(time.perf_counter() - begin)
        for name, (_, _, file) in sides.items():
            texts = scores[name]["cacc"]["texts"]
            ratio = statistics.median(a / b for a, b in zip(seconds["float32"], seconds[name]))
            kept.add(name, os.path.getsize(file) / 1e6 if file else None, texts, percent(scores[name]["cacc"]), percent(scores[name]["agreement"]),
                     texts / statistics.median(seconds[name]), ratio)
        kept.keep(o.out)


if __name__ == "__main__":
    sys.exit(run(main))
