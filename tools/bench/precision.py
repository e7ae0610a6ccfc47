#!/usr/bin/env python3
"""Time training steps in float32 and in int8, with small operations computed row by row and one by one, in turns, on the same batches. A
processor without VNNI needs MSLORA_INT8=always."""

import contextlib
import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import cells
import record
from fetch.failure import run
from turns import Mslora

ONE_BY_ONE = {"MSLORA_ROWS": "never"}
SIDES = {"float32": ("float32", {}), "int8": ("int8", {}), "float32, one by one": ("float32", ONE_BY_ONE), "int8, one by one": ("int8", ONE_BY_ONE)}
COLUMNS = {"model": "", "method": "", "side": "", "ms a step": ".0f", "float32, one by one, takes times as long": ".2f", "loss of the first step": ".4f",
           "mean of the last five": ".4f", "peak memory, MiB": ".0f", "seconds to open both graphs": ".1f"}


def compare(o, cell, kept):
    """Time one cell and keep a row for each side."""
    folder = os.path.join(o.models, cell.model)
    steps = {side: [] for side in SIDES}
    with contextlib.ExitStack() as stack:
        programs = {side: stack.enter_context(Mslora(o, cell, folder, o.batches, precision, **environment)) for side, (precision, environment) in SIDES.items()}
        for _ in range(o.batches):
            for side, program in programs.items():
                steps[side].append(program.step())
    for side, rows in steps.items():
        ratio = statistics.median(other["seconds"] / row["seconds"] for other, row in list(zip(steps["float32, one by one"], rows))[1:])
        kept.add(cell.model, cell.method, side, 1e3 * statistics.median(r["seconds"] for r in rows[1:]), ratio, rows[0]["loss"],
                 statistics.mean(r["loss"] for r in rows[-5:]), max(r["peak_bytes"] for r in rows) / 2**20, rows[0]["loading"])


def main():
    parser = record.parser_of(__doc__)
    parser.add_argument("--steps", default=record.ROOT / "bin" / "bench-steps", help="the Go side")
    parser.add_argument("--texts", default=os.environ.get("BENCH_TEXTS", record.REVIEWS / "train.csv"), help="CSV with text,label")
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("cells", nargs="*", default=["bge-small:lora+mslr", "bge-small:musclelora"], metavar="MODEL:METHOD")
    o = parser.parse_args()
    kept = record.Record(COLUMNS)
    for cell in map(cells.parse, o.cells):
        compare(o, cell, kept)
    kept.keep(o.out)


if __name__ == "__main__":
    sys.exit(run(main))
