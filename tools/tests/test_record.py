"""What the benchmarks keep for pages."""

import json
import sys

import pytest

import machine
import record


@pytest.fixture
def kept(monkeypatch):
    monkeypatch.setattr(machine, "describe", lambda: {"processor": "P"})
    monkeypatch.setattr(sys, "argv", ["/somewhere/tools/bench/predict.py", "bge small", "--texts", "/data/reviews/train.csv"])
    return record.Record({"side": "", "texts a second": ".1f", "ratio": ".2f"})


def test_rows_are_kept_with_command_and_machine(kept, tmp_path, capsys):
    kept.add("mslora", 123.456789, None)
    kept.add("pipeline", 7, 0.5)
    assert capsys.readouterr().out.splitlines()[-2:] == ["mslora | 123.5 | ", "pipeline | 7.0 | 0.50"]
    kept.keep(tmp_path / "measured" / "predict.json")
    content = json.loads((tmp_path / "measured" / "predict.json").read_text())
    assert content["rows"] == [["mslora", 123.457, None], ["pipeline", 7, 0.5]]
    assert content["columns"][1] == {"name": "texts a second", "format": ".1f"}
    assert content["processor"] == "P"
    assert content["command"] == "python tools/bench/predict.py 'bge small' --texts train.csv"


def test_nothing_is_kept_without_a_path(kept, tmp_path):
    kept.keep(None)
    assert not list(tmp_path.iterdir())


def test_a_row_has_a_value_for_each_column(kept):
    with pytest.raises(ValueError):
        kept.add("mslora", 1.0)


def test_texts_stand_on_one_line_and_blank_ones_are_left_out(tmp_path):
    (tmp_path / "texts.csv").write_text('text,label\n"a  fine\nfilm",1\n" ",0\ndull,0\n')
    assert record.texts(tmp_path / "texts.csv", "text") == ["a fine film", "dull"]
