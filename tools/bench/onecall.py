#!/usr/bin/env python3
"""Time one call of a training graph with 64 texts beside two calls with 32, in turns, on texts of the same file.

An aligned step calls the graph twice, with a batch of training texts and one of trusted texts. A graph that took both at once could save
no more than what is measured here. Only the calls are timed, not AdamW.
"""

import contextlib
import statistics
import sys

import bench
import machine
from cells import BATCH, Cell
from fetch.failure import run
from turns import Mslora

METHOD = "lora+mslr"


def measure(o, model, turns):
    """Give the seconds of the calls of each turn."""
    folder = bench.folder_of(o, model)
    result = {"model": model, "method": METHOD, "batch": BATCH, "threads": o.threads, "precision": o.precision, **bench.beginning(o, folder)}
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(Mslora(o, Cell(model, METHOD, batch=2 * BATCH), folder, turns + 1, o.precision))
        two = stack.enter_context(Mslora(o, Cell(model, METHOD), folder, 2 * turns + 1, o.precision))
        calls = {"one": (one, 1, []), "two": (two, 2, [])}
        spent = {name: program.step()["graph"] for name, (program, _, _) in calls.items()}
        for _ in range(turns):
            for name, (program, steps, seconds) in calls.items():
                answers = [program.step() for _ in range(steps)]
                seconds.append(answers[-1]["graph"] - spent[name])
                spent[name] = answers[-1]["graph"]
    return result | {name: [round(s, 4) for s in seconds] for name, (_, _, seconds) in calls.items()} | {"ended": machine.now()}


def main():
    parser = bench.parser_of(__doc__)
    parser.set_defaults(batches=20)
    parser.add_argument("--precision", default="int8" if machine.has_vnni() else "float32", choices=("float32", "int8"))
    parser.add_argument("model", nargs="*", default=["minilm", "bge-small"], help="names of models")
    o = parser.parse_args()
    for model in o.model:
        result = measure(o, model, o.batches)
        bench.keep(o, f"one-call-{model}.json", result)
        print(f"{model}: one call {1e3 * statistics.median(result['one']):.0f} ms, two calls {1e3 * statistics.median(result['two']):.0f} ms", flush=True)


if __name__ == "__main__":
    sys.exit(run(main))
