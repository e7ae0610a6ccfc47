#!/usr/bin/env python3
"""What `mslora run --dry-run` calculates of cells beside its own largest resident size, and that of `mslora export` of the finished cell."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import process
import record
import reviews
from fetch.failure import run
from record import REVIEWS, ROOT

COLUMNS = {"model": "", "method": "", "weights, MiB": ".0f", "calculated, MiB": ".0f", "largest size of `--dry-run`, MiB": ".0f", "of `export`, MiB": ".0f"}
CELLS = ("bge-small:vanilla", "bge-small:lora", "bge-small:musclelora", "bert-base:lora", "smollm2-135m:lora")
MIB = 1 << 20


def largest(command):
    """Run a command; give what it printed and its largest resident size in bytes."""
    printed, usage = process.run(command, subprocess.DEVNULL)
    return printed, usage.ru_maxrss << 10


def main():
    parser = record.parser_of(__doc__)
    parser.add_argument("--program", default=ROOT / "bin" / "mslora")
    parser.add_argument("--reviews", default=REVIEWS, help="folder of train.csv, dev.csv and test.csv")
    parser.add_argument("--count", type=int, default=96, help="texts of each part")
    parser.add_argument("cells", nargs="*", default=CELLS, metavar="MODEL:METHOD")
    o = parser.parse_args()
    kept = record.Record(COLUMNS)
    with tempfile.TemporaryDirectory() as work:
        sets = reviews.poisoned(o.program, o.reviews, work, dict.fromkeys(reviews.PARTS, o.count))
        for model, method in (cell.split(":") for cell in o.cells):
            folder = os.path.join(o.models, model)
            cell = [o.program, "run", "--model", folder, "--data", sets, "--attacks", "addsent", "--methods", method, "--epochs", "1", "--out",
                    os.path.join(work, "runs", model)]
            told, dry = largest([*cell, "--dry-run", "--json"])
            about = json.loads(told)
            subprocess.run([*cell, "--quiet"], check=True, stdout=subprocess.DEVNULL)
            _, export = largest([o.program, "export", about["folder"], "--out", os.path.join(work, f"{model}-{method}")])
            weights = os.path.getsize(os.path.join(folder, "model.safetensors"))
            kept.add(model, method, weights / MIB, about["memory_bytes"] / MIB, dry / MIB, export / MIB)
    kept.keep(o.out)


if __name__ == "__main__":
    sys.exit(run(main))
