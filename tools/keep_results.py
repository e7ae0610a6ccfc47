#!/usr/bin/env python3
"""Copies what `mslora run` found into docs/results, for tables and figures of the documentation.

    tools/keep_results.py runs/base base
    go test ./cmd/mslora -run 'ResultsOfPages|FiguresOfPages' -update

Of each finished cell below the folder the files of scores, settings, checksums and measurements are kept: no texts and no paths. Of the
Fourier analysis the numbers of the paper's width are kept, a twentieth of the file.
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
WIDTH = 4  # of the paper's figures
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
                if name == "fourier.jsonl":
                    pathlib.Path(fresh).write_text("".join(one_width((path.parent / name).read_text().splitlines(), path.parent / name)))
                else:
                    shutil.copyfile(path.parent / name, fresh)
    return folder / cell


def one_width(lines, path):
    """The lines of a fourier.jsonl with the numbers of the paper's width alone."""
    try:
        widths = json.loads(lines[0])["widths"]
        at = widths.index(WIDTH)
        for line in map(json.loads, lines):
            if "widths" in line:
                line["widths"] = [WIDTH]
            for mapping in ("clean", "backdoor"):
                line[mapping] = {key: value[at : at + 1] if isinstance(value, list) else value for key, value in line[mapping].items()}
            yield json.dumps(line, separators=(",", ":")) + "\n"
    except (AttributeError, ValueError, KeyError, TypeError, IndexError) as e:
        raise Failure(f"{path} is no Fourier analysis with the width {WIDTH} ({e})", "measure it again: mslora run --fourier --force") from None


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", metavar="RUNS", help="folder of cells: --out of `mslora run`")
    parser.add_argument("name", metavar="NAME", help="folder below docs/results")
    options = parser.parse_args(arguments)
    for path in keep(options.runs, RESULTS / options.name):
        print(os.path.relpath(path))


if __name__ == "__main__":
    sys.exit(run(main))
