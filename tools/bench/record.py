"""Keeps what a tool measured: a table of raw figures, the command and the machine. tools/bench/tables shows it on a page."""

import argparse
import csv
import json
import os
import pathlib
import shlex
import sys

import machine
from fetch import files

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REVIEWS = ROOT / ".deps" / "data" / "reviews"  # train.csv, dev.csv, test.csv


def command():
    """What repeats the measurement. Files elsewhere are told by their names."""
    script = pathlib.Path(sys.argv[0]).resolve()
    words = [os.path.basename(word) if os.path.isabs(word) else word for word in sys.argv[1:]]
    return shlex.join(["python", "/".join(script.parts[-3:]), *words])


def texts(path, column):
    """The texts of a CSV, on one line each; blank ones are left out."""
    with open(path, newline="", encoding="utf-8") as file:
        read = [" ".join(row[column].split()) for row in csv.DictReader(file)]
    return [text for text in read if text]


class Record:
    """columns are names with the format of their values on a page: "" for texts, for numbers one that Python and Go know, such as .1f."""

    def __init__(self, columns):
        self.columns, self.rows, self.began = columns, [], machine.now()
        print(*columns, sep=" | ", flush=True)

    def add(self, *row):
        """Keep a row of values, and print it."""
        self.rows.append([float(f"{value:.6g}") if isinstance(value, float) else value for value in row])
        print(*("" if value is None else f"{value:{form}}" for value, form in zip(row, self.columns.values(), strict=True)), sep=" | ", flush=True)

    def keep(self, path):
        """Write the file; without a path do nothing."""
        if path:
            content = {"command": command(), **machine.describe(), "began": self.began, "ended": machine.now(),
                       "columns": [{"name": name, "format": form} for name, form in self.columns.items()], "rows": self.rows}
            files.write(path, (json.dumps(content, indent="\t", ensure_ascii=False) + "\n").encode())


def parser_of(description):
    """The options that every tool has which keeps a record."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=os.environ.get("MSLORA_MODELS", ROOT / ".deps" / "models"), help="folder of model folders")
    parser.add_argument("--out", type=pathlib.Path, metavar="FILE", help="keep the figures in a JSON file, such as docs/results/measured/predict.json")
    return parser
