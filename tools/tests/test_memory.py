"""What the measurement of memory does beside mslora."""

import sys

import pytest

import memory
from fetch.failure import Failure


def test_largest_resident_size():
    printed, size = memory.largest([sys.executable, "-c", "print('large', len(b'x' * (256 << 20)))"])
    assert printed == f"large {256 << 20}\n"
    assert size > 256 << 20
    with pytest.raises(Failure, match="exit code 3"):
        memory.largest([sys.executable, "-c", "raise SystemExit(3)"])
