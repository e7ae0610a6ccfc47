#!/usr/bin/env python3
"""Fetch the movie-review snippets of the demo and split them.

usage: fetch_reviews.py [--out FOLDER]

Source: the 10,605 rated snippets that come with the Python package vaderSentiment 0.5 (Hutto and Gilbert
2014; MIT), sentences of film reviews with the mean of twenty people's ratings from -4 to 4.

Rules, fixed so that everybody has the same split: snippets rated nearer to neutral than 0.5 are left out,
of equal texts the first is kept, the label is 1 if the rating is positive and 0 if not, and the order is
that of the SHA-256 of the text. The first 1,000 are test, the next 600 dev, the next 1,600 train.

A folder that holds anything but these three files, made by this program, is an error.
"""

import argparse
import csv
import hashlib
import io
import os
import sys
import tarfile
import tempfile
import zipfile

from fetch import files, own, registry
from fetch.failure import Failure, run

PACKAGE = ("vaderSentiment==0.5", "5d97c37f3ef6e24eef331122e055dbedafeb6a56abfce0608b326701116ea49a")
ARCHIVE = "vaderSentiment-0.5/additional_resources/hutto_ICWSM_2014.tar.gz"
TABLE = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
FOLDER = own.Kind("reviews", ("test.csv", "dev.csv", "train.csv"))
NEUTRAL = 0.5
SPLITS = {  # name: (number of texts, SHA-256 of the file)
    "test": (1000, "04e7c6f0bc5fe8b8ca07a39e757e5da2100197bbec045ff71121faf649b4182e"),
    "dev": (600, "58e8c37b58da5c18999da0af43ce0a3ddf71381886e508fa7e374358c38a08d8"),
    "train": (1600, "ffd8f8bf6ee28978011eb4991dfcc128be1ec2daf2a5efbe35da555829d5b63f"),
}


def table(package):
    """Give the text of the rating table in a package file. It is read in place: nothing is unpacked to disk."""
    with zipfile.ZipFile(package) as outer, tarfile.open(fileobj=io.BytesIO(outer.read(ARCHIVE))) as inner:
        return inner.extractfile(TABLE).read().decode("utf-8")


def snippets(text):
    """Give the (text, label) pairs that the rules keep, in the order that the rules fix."""
    kept = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        parts = line.split("\t")
        if len(parts) != 3:
            raise Failure(f"{TABLE}: line {number} has {len(parts)} columns, expected 3")
        rating, snippet = float(parts[1]), " ".join(parts[2].split())
        if abs(rating) >= NEUTRAL and snippet:
            kept.setdefault(snippet, int(rating > 0))
    return sorted(kept.items(), key=lambda pair: hashlib.sha256(pair[0].encode()).digest())


def split(pairs):
    """Give {name of a split: its pairs}."""
    parts, at = {}, 0
    for name, (size, _) in SPLITS.items():
        parts[name] = pairs[at : at + size]
        at += size
    if at > len(pairs):
        raise Failure(f"{TABLE} has {len(pairs)} usable snippets, expected {at} or more")
    return parts


def encode(pairs):
    """Give the bytes of a table with the columns text and label."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["text", "label"])
    writer.writerows(pairs)
    return out.getvalue().encode()


def complete(folder):
    """Raise Failure unless the folder has the three tables that the rules give."""
    for name, (_, sha256) in SPLITS.items():
        path = os.path.join(folder, name + ".csv")
        if not os.path.exists(path):
            raise Failure(f"{path} is missing")
        files.verify(path, sha256)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--out", metavar="FOLDER", default=os.path.join(here, ".deps", "data", "reviews"),
                        help="folder for train.csv, dev.csv and test.csv")
    folder = parser.parse_args(arguments).out
    try:
        complete(folder)
        return
    except Failure:
        FOLDER.check(folder)
    with tempfile.TemporaryDirectory() as scratch:
        parts = split(snippets(table(registry.pip(*PACKAGE, scratch, "--no-binary=vaderSentiment"))))
    FOLDER.claim(folder)
    for name, pairs in parts.items():
        files.write(os.path.join(folder, name + ".csv"), encode(pairs))
    complete(folder)
    print("reviews: " + ", ".join(f"{len(pairs)} {name}" for name, pairs in parts.items()) + f" texts in {folder}")


if __name__ == "__main__":
    sys.exit(run(main))
