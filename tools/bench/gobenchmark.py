"""Runs a benchmark of a Go package, once, in a process of its own."""

import os
import re
import subprocess

from fetch.failure import Failure
from record import ROOT


def measure(package, name, *units):
    """The seconds that a round of the benchmark NAME takes, and the figures that it reports in the units."""
    command = [os.environ.get("GO", "go"), "test", f"./{package}", "-run", "xxx", "-bench", f"{name}$", "-benchtime", "1x", "-timeout", "1h"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    found = [re.search(rf"([\d.]+) {re.escape(unit)}\b", ended.stdout) for unit in ("ns/op", *units)]
    if ended.returncode != 0 or not all(found):
        raise Failure(f"{' '.join(command)} ended with exit code {ended.returncode}: {ended.stdout}{ended.stderr}")
    nanoseconds, *others = (float(number[1]) for number in found)
    return nanoseconds / 1e9, *others
