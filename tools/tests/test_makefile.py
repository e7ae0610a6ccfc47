"""What the Makefile says when a program is missing."""

import subprocess

import pytest

from conftest import TOOLS


def make(*arguments):
    done = subprocess.run(["make", "--no-print-directory", *arguments], cwd=TOOLS.parent, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("setting, message", [
    ("GO=no-such-go", "error: Go is missing\nhint: install Go 1.26 or later"),
    ("PYTHON=no-such-python", "error: no-such-python with pip is missing\nhint: install Python 3.9 or later with pip and venv"),
])
@pytest.mark.parametrize("target", ["deps", "test", "build", "demo"])
def test_missing_programs_are_named(target, setting, message):
    code, _, said = make(target, setting)
    assert code == 2
    assert said.startswith(message)


def test_help_lists_every_target_that_a_person_types():
    code, said, _ = make("help")
    assert code == 0
    listed = {line.split()[1] for line in said.splitlines()}
    assert {"demo", "test", "lint", "race", "cross", "vulnerabilities", "deps", "build", "graphs", "graphs-check", "bench", "clean",
            "distclean"} <= listed
