"""Folders that this project made, so that nothing else is ever replaced. internal/ownfolder does the same in Go."""

import fnmatch
import json
import os
import re
import shutil
from dataclasses import dataclass

from fetch.failure import Failure

MARKER = ".mslora.json"
ALWAYS = (MARKER, ".lock", ".DS_Store")  # the marker, Go's lock, and what macOS puts everywhere
TEMPORARY = re.compile(r"\.(.+)\.tmp-.{8}")  # what files.replacing and Go's atomicfile leave when they are killed


@dataclass(frozen=True)
class Kind:
    """A kind of folder: its name in the marker, patterns of all files that it may hold, and names of folders."""

    name: str
    files: tuple
    folders: tuple = ()

    def check(self, folder):
        """Raise Failure if a folder holds what is not of this kind; it may be absent or empty."""
        if not os.path.lexists(folder):
            return
        if not os.path.isdir(folder):
            raise Failure(f"{folder} is a file, expected a folder", "give another --out")
        held = sorted(name for name in os.listdir(folder) if name not in ALWAYS)
        made = marked(folder)
        if made not in (None, self.name):
            raise Failure(f'{folder} was made as "{made}", expected "{self.name}"', "give another --out")
        for name in held:
            if not (made and self.makes(folder, name)) and not marker_in_the_making(name):
                raise Failure(f"{os.path.join(folder, name)} is not a file that mslora made there",
                              "give another --out, or move it away; only what mslora made is replaced")

    def makes(self, folder, name):
        """Tell whether what lies in a folder under a name is of this kind, whole or in the making."""
        unfinished = TEMPORARY.fullmatch(name)
        if os.path.isdir(os.path.join(folder, name)) and not unfinished:
            return name in self.folders
        name = unfinished[1] if unfinished else name
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.files)

    def claim(self, folder):
        """Make a folder if it is absent, and mark it, if check lets it."""
        self.check(folder)
        mark(folder, self.name)

    def remove(self, folder):
        """Remove a folder if check lets it, so that it holds nothing else."""
        self.check(folder)
        if os.path.isdir(folder):
            shutil.rmtree(folder)


NOTHING = Kind("nothing", ())


def mark(folder, kind):
    """Make a folder if it is absent, and mark it with the name of a kind, unless it is marked."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, MARKER)
    if os.path.exists(path):
        return
    fresh = os.path.join(folder, f".{MARKER}.tmp-{os.getpid():08x}")
    with open(fresh, "w", encoding="utf-8") as file:
        file.write(json.dumps({"program": "mslora", "kind": kind}, separators=(",", ":")) + "\n")
    os.replace(fresh, path)


def marker_in_the_making(name):
    return bool(unfinished := TEMPORARY.fullmatch(name)) and unfinished[1] == MARKER


def marked(folder):
    """Give the name of the kind that a folder was marked as; None if it was not."""
    path = os.path.join(folder, MARKER)
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except FileNotFoundError:
        return None
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("program") != "mslora" or not content.get("kind"):
        raise Failure(f"{path} does not say what made its folder", "give another --out")
    return content["kind"]
