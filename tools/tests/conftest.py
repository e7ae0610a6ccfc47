"""Lets tests import the tools, which are scripts and no package."""

import pathlib
import sys

TOOLS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOOLS), str(TOOLS / "bench")]
