#!/usr/bin/env python3
"""How long the steps of CUBE take on 10,000 texts, vectors not counted: the benchmarks of package cluster, each with two threads."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import gobenchmark
import record
from fetch.failure import run

COLUMNS = {"step": "", "numbers of a text": ".0f", "seconds": ".1f"}
STEPS = [("principal components", 768, "Components"), ("UMAP", 20, "UMAP"), ("HDBSCAN", 2, "HDBSCAN")]  # with the length of the vectors that a benchmark draws


def main():
    o = record.parser_of(__doc__).parse_args()
    kept = record.Record(COLUMNS)
    for step, numbers, name in STEPS:
        kept.add(step, numbers, *gobenchmark.measure("cluster", name))
    kept.keep(o.out)


if __name__ == "__main__":
    sys.exit(run(main))
