#!/usr/bin/env python3
"""How long the search for poisoned texts takes, vectors not counted, and the most memory that it holds: the benchmark of package suspicion, a process for each size."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import gobenchmark
import record
from fetch.failure import run

COLUMNS = {"sentences": ".0f", "seconds": ".0f", "largest resident size, MiB": ".0f"}


def main():
    parser = record.parser_of(__doc__)
    parser.add_argument("sentences", nargs="*", type=int, default=[10_000, 100_000])
    o = parser.parse_args()
    kept = record.Record(COLUMNS)
    for sentences in o.sentences:
        kept.add(sentences, *gobenchmark.measure("suspicion", f"Find/{sentences}", "peak-MiB"))
    kept.keep(o.out)


if __name__ == "__main__":
    sys.exit(run(main))
