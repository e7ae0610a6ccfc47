#!/usr/bin/env python3
"""What the time of a step in 8 bits goes to, by ONNX Runtime's profiler: milliseconds of each kind of operation in the training graph."""

import collections
import contextlib
import json
import pathlib
import sys
import tempfile

import bench
import cells
import machine
from fetch.failure import run
from turns import Mslora

KINDS = {"products in 8 bits": ("MatMulIntegerToFloat", "MatMulInteger", "DynamicQuantizeMatMul"),
         "products in float32": ("MatMul", "FusedMatMul", "Gemm"),
         "attention": ("Attention", "AttentionGradient"),
         "small operations": ("Rows", "RowsRounded")}
OTHERS = "others"  # gathers, reshapes, and small operations that are not joined


def kind_of(operation):
    return next((kind for kind, operations in KINDS.items() if operation in operations), OTHERS)


def read(path, calls):
    """Microseconds of each operation in the last calls of a profile, and of these calls."""
    events = json.loads(pathlib.Path(path).read_bytes())
    last = [event for event in events if event["name"] == "model_run"][-calls:]
    spent = collections.Counter()
    for event in events:
        if event["cat"] == "Node" and event["name"].endswith("_kernel_time") and event["ts"] >= last[0]["ts"]:
            spent[event["args"]["op_name"]] += event["dur"]
    return spent, sum(event["dur"] for event in last)


def measure(o, cell):
    """Profile the steps of a cell but for the first one."""
    folder = bench.folder_of(o, cell.model)
    result = {"model": cell.model, "method": cell.method, "batch": cell.batch, "threads": cell.threads or o.threads, "batches": o.batches, **bench.beginning(o, folder)}
    steps, calls = o.batches, o.batches * (2 if cell.method in cells.ALIGNED else 1)
    with tempfile.TemporaryDirectory() as work:
        with contextlib.ExitStack() as stack:
            program = stack.enter_context(Mslora(o, cell, folder, steps + 1, "int8", profile=work + "/profile"))
            for _ in range(steps + 1):
                program.step()
        # The evaluation graph has a file, too, which says little as it was not called.
        spent, whole = read(max(pathlib.Path(work).iterdir(), key=lambda file: file.stat().st_size), calls)
    kinds = dict.fromkeys([*KINDS, OTHERS], 0.0)
    for operation, microseconds in spent.items():
        kinds[kind_of(operation)] += microseconds / steps / 1e3
    return result | {"ended": machine.now(), "graph_ms": round(whole / steps / 1e3, 1), "kinds_ms": {kind: round(ms, 1) for kind, ms in kinds.items()},
                     "operations_ms": {operation: round(microseconds / steps / 1e3, 2) for operation, microseconds in spent.most_common()}}


def main():
    parser = bench.parser_of(__doc__)
    parser.add_argument("cells", nargs="*", metavar="MODEL:METHOD", help="what to profile")
    o = parser.parse_args()
    for cell in map(cells.parse, o.cells) if o.cells else cells.INT8_TARGETS:
        result = measure(o, cell)
        bench.keep(o, "operations-" + cell.file, result)
        print(f"{str(cell):32s} {result['graph_ms']:8.0f} ms in the graph: " + ", ".join(f"{kind} {ms:.0f}" for kind, ms in result["kinds_ms"].items()), flush=True)


if __name__ == "__main__":
    sys.exit(run(main))
