#!/usr/bin/env python3
"""Copies what `mslora run` found into docs/results, for tables and figures of the documentation.

    tools/keep_results.py runs/base base
    go test ./cmd/mslora -run 'ResultsOfPages|FiguresOfPages' -update

Of each finished cell below the folder the files of scores, settings, checksums and measurements are kept: no texts and no paths.
In a page a table stands between `<!-- mslora table docs/results/base --format markdown -->` and `<!-- end -->`, a figure
between `<!-- mslora figure tradeoff docs/results/base --out docs/figures/base.svg -->` and `<!-- end -->`.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import sys

from fetch import files
from fetch.failure import Failure, run

KEPT = ("metrics.jsonl", "fourier.jsonl", "result.json")  # not every cell has the second
RESULTS = pathlib.Path(__file__).resolve().parent.parent / "docs" / "results"


def keep(runs, folder):
    """Copy the results below runs into a folder, one folder a cell, and give the new folders."""
    found = sorted(pathlib.Path(runs).rglob("result.json"))
    if not found:
        raise Failure(f"there is no result.json below {runs}", "name the folder that was --out of `mslora run`")
    return [keep_one(path, pathlib.Path(folder)) for path in found]


def keep_one(path, folder):
    try:
        r = json.loads(path.read_bytes())
        cell = "-".join(str(r[key]) for key in ("dataset", "attack", "ratio", "method", "seed", "cell"))
    except (ValueError, KeyError, TypeError):
        cell = ""
    if not re.fullmatch(r"\w[\w.+-]*", cell):
        raise Failure(f"{path} is not a result of `mslora run`", "name the folder that was --out of `mslora run`")
    for name in KEPT:
        if (path.parent / name).exists():
            with files.replacing(folder / cell / name) as fresh:
                shutil.copyfile(path.parent / name, fresh)
    return folder / cell


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", metavar="RUNS", help="folder of cells: --out of `mslora run`")
    parser.add_argument("name", metavar="NAME", help="folder below docs/results")
    options = parser.parse_args(arguments)
    for path in keep(options.runs, RESULTS / options.name):
        print(os.path.relpath(path))


if __name__ == "__main__":
    sys.exit(run(main))
