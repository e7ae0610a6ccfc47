"""What is read of a Go benchmark."""

import pytest

import gobenchmark
from fetch.failure import Failure


def go(tmp_path, monkeypatch, script):
    """Let a script stand for the go command."""
    path = tmp_path / "go"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("GO", str(path))


def test_seconds_and_other_figures(tmp_path, monkeypatch):
    go(tmp_path, monkeypatch, "echo 'BenchmarkFind/10 1 2500000000 ns/op 12.5 peak-MiB'; echo \"$@\" > $(dirname $0)/asked")
    assert gobenchmark.measure("suspicion", "Find/10", "peak-MiB") == (2.5, 12.5)
    assert (tmp_path / "asked").read_text().startswith("test ./suspicion -run xxx -bench Find/10$ -benchtime 1x")


@pytest.mark.parametrize("script", ["echo PASS", "echo 'BenchmarkFind/10 1 2500000000 ns/op'", "echo 'BenchmarkFind/10 1 25 ns/op 1 peak-MiB'; exit 1"])
def test_no_figure_is_a_failure(tmp_path, monkeypatch, script):
    go(tmp_path, monkeypatch, script)
    with pytest.raises(Failure, match="go test ./suspicion"):
        gobenchmark.measure("suspicion", "Find/10", "peak-MiB")
