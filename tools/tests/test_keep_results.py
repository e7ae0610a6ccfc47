import json

import pytest

import keep_results
from fetch.failure import Failure

RESULT = {"dataset": "sst-2", "attack": "badnets", "ratio": "0.1", "method": "ga+lora", "seed": 42, "cell": "0123abcdef", "scores": {}}


def lay(runs, **changes):
    folder = runs / "sst-2" / f"seed-{len(list(runs.rglob('*')))}"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(RESULT | changes, indent=1))
    for name in ("predictions.csv", "metrics.jsonl"):
        (folder / name).write_text(f"{name} {changes}\n")
    return folder


def test_results_are_kept_and_nothing_else(tmp_path):
    cells = [lay(tmp_path / "runs"), lay(tmp_path / "runs", seed=43)]
    kept = keep_results.keep(tmp_path / "runs", tmp_path / "kept")
    assert kept == [tmp_path / "kept" / f"sst-2-badnets-0.1-ga+lora-{seed}-0123abcdef" for seed in (42, 43)]
    for cell, folder in zip(cells, kept):
        assert sorted(path.name for path in folder.iterdir()) == ["metrics.jsonl", "result.json"]
        assert all(path.read_text() == (cell / path.name).read_text() for path in folder.iterdir())
    assert keep_results.keep(tmp_path / "runs", tmp_path / "kept") == kept


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON", json.dumps(RESULT | {"dataset": "../.."})])
def test_other_files_are_refused(tmp_path, text):
    (lay(tmp_path / "runs") / "result.json").write_text(text)
    with pytest.raises(Failure, match="is not a result of `mslora run`"):
        keep_results.keep(tmp_path / "runs", tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(Failure, match="there is no result.json below"):
        keep_results.keep(tmp_path, tmp_path / "kept")


def test_of_fourier_analyses_the_papers_width_is_kept(tmp_path):
    cell = lay(tmp_path / "runs")
    first = {"step": 0, "widths": [2, 4, 8], "clean": {"texts": 3, "of": 5}, "backdoor": {"texts": 3, "of": 4}}
    point = {"step": 5, "asr": 50.5, "clean": {"lfr": [0.1, 0.2, 0.3]}, "backdoor": {"lfr": [0.4, 0.5, 0.6], "high_error": [None, None, None]}}
    (cell / "fourier.jsonl").write_text(f"{json.dumps(first)}\n{json.dumps(point)}\n")
    (kept,) = keep_results.keep(tmp_path / "runs", tmp_path / "kept")
    assert [json.loads(line) for line in (kept / "fourier.jsonl").read_text().splitlines()] == [
        first | {"widths": [4]},
        {"step": 5, "asr": 50.5, "clean": {"lfr": [0.2]}, "backdoor": {"lfr": [0.5], "high_error": [None]}},
    ]


@pytest.mark.parametrize("text", ["", "no JSON", '{"widths": [2, 8]}', '{"widths": 4}', '{"widths": [4]}'])
def test_other_fourier_analyses_are_refused(tmp_path, text):
    (lay(tmp_path / "runs") / "fourier.jsonl").write_text(text)
    with pytest.raises(Failure, match="is no Fourier analysis with the width 4"):
        keep_results.keep(tmp_path / "runs", tmp_path / "kept")
