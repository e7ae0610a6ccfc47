"""Fetch one pinned file from a model hub over HTTP; a download that was cut off goes on where it stopped."""

import os
import shutil
import urllib.error
import urllib.request
from http import HTTPStatus

from fetch import files
from fetch.failure import Failure

DEFAULT = "https://huggingface.co"
TIMEOUT = 15  # seconds without an answer or a byte, after which the hub counts as out of reach


def url(repository, revision, name):
    """Give the address of a file at a revision of a repository; HF_ENDPOINT names another hub or a mirror."""
    return f"{os.environ.get('HF_ENDPOINT', DEFAULT).rstrip('/')}/{repository}/resolve/{revision}/{name}"


def fetch(address, path, size, sha256):
    """Download address to path, size bytes with that SHA-256. A part that is there already is kept and completed.

    Raises Failure if the hub cannot be reached, breaks off or gives another file; in the last case path is removed.
    """
    have = os.path.getsize(path) if os.path.exists(path) else 0
    if have < size:
        try:
            receive(address, path, have)
        except OSError as error:  # urllib's errors and time-outs are OSErrors
            raise Failure(f"{address}: {getattr(error, 'reason', None) or error}") from error
    try:
        actual = os.path.getsize(path)
        if actual < size:
            raise Failure(f"{address}: broke off after {actual} of {size} bytes")
        if actual > size:
            raise Failure(f"{address}: {actual} bytes came, expected {size}")
        files.verify(path, sha256)
    except Failure:
        if os.path.getsize(path) >= size:  # wrong, not short: going on from it would never end well
            os.remove(path)
        raise


def receive(address, path, have):
    """Append what the hub sends from byte number have on; start anew if it sends everything."""
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        resumed = answer.status == HTTPStatus.PARTIAL_CONTENT
        with open(path, "ab" if resumed else "wb") as file:
            shutil.copyfileobj(answer, file, 1 << 20)
