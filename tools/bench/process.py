"""Runs programs, and tells what they used."""

import os
import subprocess

from fetch.failure import Failure


def run(command, errors=None):
    """Run a command to its end; give what it printed and its resource usage. What it says of errors goes where errors says, by default to ours."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failure(f"{' '.join(map(str, command))} ended with exit code {process.returncode}")
    return printed, usage
