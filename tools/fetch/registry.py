"""Fetch one pinned file from a package registry with that registry's own client, pip or Maven."""

import os
import shutil
import subprocess
import sys
import tempfile

from fetch import files
from fetch.failure import Failure

# What pip builds a source package's metadata with; the newest that still read the oldest packages' setup.cfg.
BUILD_TOOLS = "setuptools==75.8.2\nwheel==0.45.1\n"

MAVEN_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"


def pip(requirement, sha256, folder, *options):
    """Download a package's file, without its dependencies, into an empty folder and give its path.

    requirement is NAME==VERSION. pip itself compares the checksum, before it looks into the file.
    """
    with tempfile.TemporaryDirectory() as scratch:
        wanted, build = os.path.join(scratch, "wanted.txt"), os.path.join(scratch, "build.txt")
        for path, text in (wanted, f"{requirement} --hash=sha256:{sha256}\n"), (build, BUILD_TOOLS):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                   "--dest", folder, *options, "--requirement", wanted]
        # Newer releases of pip read the second variable for the tools that build packages, older ones the first.
        environment = {**os.environ, "PIP_CONSTRAINT": build, "PIP_BUILD_CONSTRAINT": build}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise Failure(f"pip cannot fetch {requirement}: {reason(done.stderr, 'ERROR:')}",
                      f"check that this works: {' '.join(command[:4])} {requirement}")
    return only_file(folder)


def maven(artifact, sha256, folder):
    """Download an artifact, GROUP:NAME:VERSION, into an empty folder and give its path."""
    if not shutil.which("mvn"):
        raise Failure(f"Maven's client mvn, which would fetch {artifact}, is missing", "install Maven")
    command = ["mvn", "--batch-mode", "--quiet", MAVEN_COPY, f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"Maven cannot fetch {artifact}: {reason(done.stdout + done.stderr, '[ERROR]')}",
                      f"check that this works: mvn {MAVEN_COPY} -Dartifact={artifact}")
    path = only_file(folder)
    files.verify(path, sha256)
    return path


def only_file(folder):
    """Give the path of the one file in a folder."""
    names = os.listdir(folder)
    if len(names) != 1:
        raise Failure(f"{len(names)} files were fetched, expected 1: {' '.join(sorted(names))}")
    return os.path.join(folder, names[0])


def reason(output, mark):
    """Give the first line of a client's output that has the mark of an error, else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no message"]
    marked = [line.removeprefix(mark).strip() for line in lines if line.startswith(mark)]
    return next(filter(None, marked), lines[-1])
