#!/usr/bin/env python3
"""Time `mslora predict` beside Hugging Face's text-classification pipeline, in turns, on the same texts.

Both have the same classifier open and get the same slices of texts; both tokenise them and give labels and
probabilities. The pipeline runs PyTorch in float32 and pads each batch to its longest text. On a processor with
VNNI `mslora predict --precision int8` takes turns, too. The answers are compared as well.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import torch
import transformers

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import machine
import record

COLUMNS = {"model": "", "side": "", "texts a second": ".1f", "time beside mslora's": ".2f", "same label, %": ".2f", "furthest probability": ".1e"}
SLICE = 1024  # texts that `mslora predict` reads before it answers


class Mslora:
    """The program, kept open: it answers through a pipe."""

    def __init__(self, program, folder, threads, precision):
        self.process = subprocess.Popen([program, "predict", folder, "--json", "--threads", str(threads), "--precision", precision],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, texts):
        self.process.stdin.write("\n".join(texts) + "\n")
        self.process.stdin.flush()
        rows = [json.loads(self.process.stdout.readline()) for _ in texts]
        return [(row["label"], row["probability"]) for row in rows]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Pipeline:
    """The pipeline with a batch size; by_length sorts the texts first, as a careful user may."""

    def __init__(self, pipeline, size, by_length=False):
        self.pipeline, self.size, self.by_length = pipeline, size, by_length

    def __call__(self, texts):
        order = sorted(range(len(texts)), key=lambda i: len(texts[i])) if self.by_length else range(len(texts))
        rows = self.pipeline([texts[i] for i in order], batch_size=self.size, truncation=True)
        answers = dict(zip(order, rows))
        return [(answers[i]["label"], answers[i]["score"]) for i in range(len(texts))]


def slices(texts, rounds):
    """Give that many slices, from the start again where the texts end."""
    return [[texts[(i * SLICE + j) % len(texts)] for j in range(SLICE)] for i in range(rounds)]


def train(o, model, folder):
    """Train a classifier of the model, quickly: its weights do not change the time."""
    subprocess.run([o.program, "train", "--model", os.path.join(o.models, model), "--data", o.train, "--method", "lora",
                    "--epochs", "1", "--threads", str(o.threads), "--out", folder, "--quiet"], check=True)


def compare(o, model, folder, parts, kept):
    torch.set_num_threads(o.threads)
    pipeline = transformers.pipeline("text-classification", model=folder, device="cpu", dtype=torch.float32)
    ours = {name: Mslora(o.program, folder, o.threads, precision) for name, precision in machine.sides().items()}
    sides = dict(ours)
    sides |= {f"pipeline, batches of {size}": Pipeline(pipeline, size) for size in o.batch}
    sides |= {f"pipeline, sorted, batches of {size}": Pipeline(pipeline, size, True) for size in o.sorted}
    for name, side in sides.items():  # the first calls allocate
        side(parts[0] if name in ours else parts[0][:128])
    spent, differ, furthest = dict.fromkeys(sides, 0.0), dict.fromkeys(sides, 0), dict.fromkeys(sides, 0.0)
    for texts in parts:
        for name, side in sides.items():
            begin = time.perf_counter()
            answers = side(texts)
            spent[name] += time.perf_counter() - begin
            if name == "mslora":
                mine = answers
            differ[name] += sum(a[0] != b[0] for a, b in zip(answers, mine))
            furthest[name] = max(furthest[name], *(abs(a[1] - b[1]) for a, b in zip(answers, mine)))
    for side in ours.values():
        side.close()
    count = SLICE * len(parts)
    for name, seconds in spent.items():
        kept.add(model, name, count / seconds, seconds / spent["mslora"], 100 * (1 - differ[name] / count), furthest[name])


def main():
    parser = record.parser_of(__doc__)
    parser.add_argument("--program", default=record.ROOT / "bin" / "mslora")
    parser.add_argument("--train", default=record.REVIEWS / "dev.csv", help="CSV with text,label to train a classifier on, first")
    parser.add_argument("--texts", default=os.environ.get("BENCH_TEXTS", record.REVIEWS / "train.csv"), help="CSV of texts to classify")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--rounds", type=int, default=3, help=f"turns of {SLICE} texts")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, nargs="*", default=[1, 32, 64], help="batch sizes of the pipeline")
    parser.add_argument("--sorted", type=int, nargs="*", default=[32], help="batch sizes with texts sorted by length")
    parser.add_argument("model", nargs="*", default=["bge-small"])
    o = parser.parse_args()
    parts = slices(record.texts(o.texts, o.text_column), o.rounds)
    with tempfile.TemporaryDirectory() as work:
        for model in o.model:
            train(o, model, os.path.join(work, model))
        kept = record.Record(COLUMNS)
        for model in o.model:
            compare(o, model, os.path.join(work, model), parts, kept)
    kept.keep(o.out)


if __name__ == "__main__":
    sys.exit(main())
