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


def test_first_rows_are_copied(tmp_path):
    source = tmp_path / "reviews"
    source.mkdir()
    for part in ("train.csv", "dev.csv", "test.csv"):
        (source / part).write_text('text,label\n"a\nb",0\nc,1\nd,0\n')
    memory.cut(source, tmp_path / "cut", {"train.csv": 1, "dev.csv": 2})
    assert not (tmp_path / "cut" / "test.csv").exists()
    assert (tmp_path / "cut" / "dev.csv").read_text().split() == ["text,label", '"a', 'b",0', "c,1"]
