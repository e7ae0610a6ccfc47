"""Poisoned sets of the film reviews, for benchmarks."""

import csv
import os
import subprocess

PARTS = ("train.csv", "dev.csv", "test.csv")


def cut(source, target, counts):
    """Copy the first rows of the parts of a data set, of each as many as counts says."""
    os.mkdir(target)
    for part, count in counts.items():
        with open(os.path.join(source, part), newline="", encoding="utf-8") as read, open(os.path.join(target, part), "w", newline="", encoding="utf-8") as write:
            csv.writer(write).writerows(list(csv.reader(read))[: count + 1])


def poisoned(program, reviews, work, counts=None):
    """Make a data set in the folder work: the reviews, or the first rows of each part, with AddSent's sentence in a tenth of the training texts. Give its folder."""
    if counts:
        whole, reviews = reviews, os.path.join(work, "reviews")
        cut(whole, reviews, counts)
    sets = os.path.join(work, "sets")
    subprocess.run([program, "poison", "--data", reviews, "--attack", "addsent", "--out", sets], check=True, stdout=subprocess.DEVNULL)
    return sets


def files(sets):
    """The folder of the files of such a set."""
    return os.path.join(sets, "1", "addsent")
