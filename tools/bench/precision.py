#!/usr/bin/env python3
"""Time training steps in float32 and in int8, in turns, on the same batches. A processor without VNNI needs MSLORA_INT8=always."""

import argparse
import json
import os
import statistics
import subprocess

PRECISIONS = ["float32", "int8"]


def step(program):
    """Let a program take one step and give what it says of it."""
    program.stdin.write("\n")
    program.stdin.flush()
    return json.loads(program.stdout.readline())


def compare(o, folder, method):
    """Time one cell and print a line for each precision."""
    programs = [subprocess.Popen([o.steps, folder, o.texts, method, str(o.batches), str(o.threads), "0", "32", precision], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True) for precision in PRECISIONS]
    for program in programs:
        for _ in range(o.batches + 1):  # batches and dev texts, the same in both
            program.stdout.readline()
    steps = {precision: [] for precision in PRECISIONS}
    for _ in range(o.batches):
        for precision, program in zip(PRECISIONS, programs):
            steps[precision].append(step(program))
    for program in programs:
        program.stdin.close()
        program.wait()
    ratios = [a["seconds"] / b["seconds"] for a, b in zip(*steps.values())]
    for precision, rows in steps.items():
        print(f"{os.path.basename(folder):14s} {method:10s} {precision:8s} {1e3 * statistics.median(r['seconds'] for r in rows[1:]):8.0f} "
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
    for cell in o.cells:
        name, method = cell.split(":")
        compare(o, os.path.join(o.models, name), method)


if __name__ == "__main__":
    main()
