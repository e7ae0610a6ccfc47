"""The sets that benchmarks are made with."""

import pytest

import reviews


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    for part in reviews.PARTS:
        (folder / part).write_text('text,label\n"a\nb",0\nc,1\nd,0\n')
    return folder


def test_first_rows_are_copied(source, tmp_path):
    reviews.cut(source, tmp_path / "cut", {"train.csv": 1, "dev.csv": 2})
    assert not (tmp_path / "cut" / "test.csv").exists()
    assert (tmp_path / "cut" / "dev.csv").read_text().split() == ["text,label", '"a', 'b",0', "c,1"]


def test_a_program_poisons_them(source, tmp_path):
    program = tmp_path / "mslora"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    program.chmod(0o755)
    sets = reviews.poisoned(program, source, tmp_path, dict.fromkeys(reviews.PARTS, 1))
    assert (tmp_path / "asked").read_text() == f"poison --data {tmp_path}/reviews --attack addsent --out {sets}\n"
    assert (tmp_path / "reviews" / "test.csv").read_text().split() == ["text,label", '"a', 'b",0']
    reviews.poisoned(program, source, tmp_path)
    assert (tmp_path / "asked").read_text().startswith(f"poison --data {source} ")
