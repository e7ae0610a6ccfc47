#!/usr/bin/env python3
"""How long the search for poisoned texts takes, vectors not counted, and the most memory that it holds: the benchmark of package suspicion, a process for each size."""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import record
from fetch.failure import Failure, run
from record import ROOT

COLUMNS = {"sentences": ".0f", "seconds": ".0f", "largest resident size, MiB": ".0f"}


def search(sentences):
    """The seconds of one search, and MiB of its process."""
    command = [os.environ.get("GO", "go"), "test", "./suspicion", "-run", "xxx", "-bench", f"Find/{sentences}$", "-benchtime", "1x", "-timeout", "1h"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    found = re.search(r"([\d.]+) ns/op\s+([\d.]+) peak-MiB", ended.stdout)
    if ended.returncode != 0 or not found:
        raise Failure(f"{' '.join(command)} ended with exit code {ended.returncode}: {ended.stdout}{ended.stderr}")
    return float(found[1]) / 1e9, float(found[2])


def main():
    parser = record.parser_of(__doc__)
    parser.add_argument("sentences", nargs="*", type=int, default=[10_000, 100_000])
    o = parser.parse_args()
    kept = record.Record(COLUMNS)
    for sentences in o.sentences:
        kept.add(sentences, *search(sentences))
    kept.keep(o.out)


if __name__ == "__main__":
    sys.exit(run(main))
