#!/usr/bin/env python3
"""Time training steps in float32 and in int8, with small operations computed row by row and one by one, in turns, on the same batches. A
processor without VNNI needs MSLORA_INT8=always."""

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

ONE_BY_ONE = {"MSLORA_ROWS": "never"}
SIDES = {"float32": ("float32", {}), "int8": ("int8", {}), "float32, one by one": ("float32", ONE_BY_ONE), "int8, one by one": ("int8", ONE_BY_ONE)}


def compare(o, cell):
    """Time one cell and print a line for each side."""
    folder = os.path.join(o.models, cell.model)
    steps = {side: [] for side in SIDES}
    with contextlib.ExitStack() as stack:
        programs = {side: stack.enter_context(Mslora(o, cell, folder, o.batches, precision, **environment)) for side, (precision, environment) in SIDES.items()}
        for _ in range(o.batches):
            for side, program in programs.items():
                steps[side].append(program.step())
    for side, rows in steps.items():
        ratio = statistics.median(other["seconds"] / row["seconds"] for other, row in list(zip(steps["float32, one by one"], rows))[1:])
        print(f"{cell.model:14s} {cell.method:10s} {side:20s} {1e3 * statistics.median(r['seconds'] for r in rows[1:]):8.0f} {ratio:6.2f} "
              f"{rows[0]['loss']:8.4f} {statistics.mean(r['loss'] for r in rows[-5:]):8.4f} {max(r['peak_bytes'] for r in rows) / 2**20:8.0f} {rows[0]['loading']:6.1f}", flush=True)


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
    print("median ms a step; how many times as long float32 one by one takes; loss of the first step, mean of the last five; peak memory, MiB; seconds to open both graphs")
    for cell in map(cells.parse, o.cells):
        compare(o, cell)


if __name__ == "__main__":
    sys.exit(run(main))
