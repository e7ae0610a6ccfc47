#!/usr/bin/env python3
"""Time training steps in float32 and in int8, in turns, on the same batches. A processor without VNNI needs MSLORA_INT8=always."""

import argparse
import contextlib
import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import cells
from fetch.failure import run
from turns import Mslora

PRECISIONS = ["float32", "int8"]


def compare(o, cell):
    """Time one cell and print a line for each precision."""
    folder = os.path.join(o.models, cell.model)
    steps = {precision: [] for precision in PRECISIONS}
    with contextlib.ExitStack() as stack:
        programs = {precision: stack.enter_context(Mslora(o, cell, folder, o.batches, precision)) for precision in PRECISIONS}
        for _ in range(o.batches):
            for precision, program in programs.items():
                steps[precision].append(program.step())
    ratios = [a["seconds"] / b["seconds"] for a, b in zip(*steps.values())]
    for precision, rows in steps.items():
        print(f"{cell.model:14s} {cell.method:10s} {precision:8s} {1e3 * statistics.median(r['seconds'] for r in rows[1:]):8.0f} "
              f"{rows[0]['loss']:8.4f} {statistics.mean(r['loss'] for r in rows[-5:]):8.4f} {max(r['peak_bytes'] for r in rows) / 2**20:8.0f} {rows[0]['loading']:8.1f}")
    print(f"{'':25s} float32 takes {statistics.median(ratios[1:]):.2f} times as long", flush=True)


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", default=os.path.join(root, "bin", "bench-steps"), help="the Go side")
    parser.add_argument("--models", default=os.environ.get("MSLORA_MODELS", os.path.join(root, ".deps", "models")), help="folder of model folders")
    parser.add_argument("--texts", default=os.environ.get("BENCH_TEXTS", os.path.join(root, ".deps", "data", "reviews", "train.csv")), help="CSV with text,label")
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("cells", nargs="*", default=["bge-small:lora+mslr", "bge-small:musclelora"], metavar="MODEL:METHOD")
    o = parser.parse_args()
    print("median ms a step; loss of the first step, mean of the last five; peak memory, MiB; seconds to open both graphs")
    for cell in map(cells.parse, o.cells):
        compare(o, cell)


if __name__ == "__main__":
    sys.exit(run(main))
