"""Checksums, and files that appear whole or not at all."""

import contextlib
import errno
import hashlib
import os
import shutil
import sys
import tempfile

from fetch import own
from fetch.failure import Failure


def sha256(path):
    """Give the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def verify(path, expected):
    """Raise Failure unless the file has the expected SHA-256."""
    actual = sha256(path)
    if actual != expected:
        raise Failure(
            f"{path}: its SHA-256 is {actual}, expected {expected}",
            "the download is damaged or has been replaced at its source; run the same command again",
        )


@contextlib.contextmanager
def replacing(path, kind=own.NOTHING):
    """Give a temporary path beside path; what is written there takes path's place if all goes well.

    It may be made a file or a folder. A folder that stands at path is removed only when its successor is whole, and only
    if it is empty or of that kind; otherwise Failure names the first file that is not. What is replaced is said.
    """
    folder, name = os.path.split(os.path.abspath(path))
    try:
        os.makedirs(folder, exist_ok=True)
        scratch = tempfile.mkdtemp(prefix=f".{name}.tmp-", dir=folder)
        try:
            fresh = os.path.join(scratch, name)
            yield fresh
            if os.path.isdir(fresh) and os.path.lexists(path):
                kind.check(path)
                if os.listdir(path):
                    print(f"replacing {path}", file=sys.stderr)
                os.rename(path, os.path.join(scratch, "old"))
            os.replace(fresh, path)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Failure(f"cannot write {path}: {error.strerror}", "free some space and run the same command again") from error
        raise


def write(path, data):
    """Write bytes to path so that nobody ever sees a part of them."""
    with replacing(path) as fresh, open(fresh, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
