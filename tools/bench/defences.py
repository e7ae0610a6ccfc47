#!/usr/bin/env python3
"""How much time of a processor core defences take for 1,000 texts: of the method's cell, less what the training of `vanilla` takes that they share.

Film reviews, a tenth of them with AddSent's sentence, one epoch, one thread, float32. Time of the processor and not of the clock is measured, so other programs
hardly change it.
"""

import csv
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import process
import record
import reviews
from fetch.failure import run
from record import REVIEWS, ROOT

COLUMNS = {"method": "", "looks at": "", "texts": ".0f", "seconds of a core for 1,000 texts": ".1f"}
PURIFIERS = ("z-def", "bki", "cube", "seep", "spectral", "abl", "poe")
FILTERS = ("strip", "rap", "onion")
PARTS = {"train.csv": 500, "dev.csv": 250, "test.csv": 150}
FEW = ("--false-rejections", "0.05")  # STRIP and RAP are content with fewer trusted texts, and take as long for each text


def seconds(command):
    """Run a command; give how long processors worked for it."""
    _, usage = process.run(command)
    return usage.ru_utime + usage.ru_stime


def rows(path):
    """How many rows a CSV has, without its header."""
    with open(path, newline="", encoding="utf-8") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def main():
    parser = record.parser_of(__doc__)
    parser.add_argument("--program", default=ROOT / "bin" / "mslora")
    parser.add_argument("--reviews", default=REVIEWS, help="folder of train.csv, dev.csv and test.csv")
    parser.add_argument("--language-model", help="of ONION; by default its own")
    parser.add_argument("model", nargs="?", default="bge-small")
    o = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        sets = reviews.poisoned(o.program, o.reviews, work, PARTS)
        test = sum(rows(os.path.join(reviews.files(sets), f"test-{kind}.csv")) for kind in ("clean", "poison"))
        cell = [o.program, "run", "--model", os.path.join(o.models, o.model), "--data", sets, "--attacks", "addsent", "--epochs", "1", "--threads", "1", "--quiet",
                "--methods"]

        def spent(method, share, *more):
            """Of a method's cell. Cells in one folder share what they have in common, such as the training of `vanilla`."""
            return seconds([*cell, method, "--out", os.path.join(work, share), *more])

        kept = record.Record(COLUMNS)
        vanilla = spent("vanilla", "filters")
        kept.add("vanilla", "training texts, once, and test texts", PARTS["train.csv"], 1000 * vanilla / PARTS["train.csv"])
        for method in FILTERS:
            options = FEW if method != "onion" else ("--language-model", o.language_model) if o.language_model else ()
            kept.add(method, "test texts", test, 1000 * spent(method, "filters", *options) / test)
        for method in PURIFIERS:
            kept.add(method, "training texts", PARTS["train.csv"], 1000 * (spent(method, method) - vanilla) / PARTS["train.csv"])
        kept.keep(o.out)


if __name__ == "__main__":
    sys.exit(run(main))
