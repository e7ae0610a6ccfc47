"""What the benchmark of training steps does without timing anything."""

import json
import re
import sys

import pytest

import bench
import cells
import machine
import operations
from cells import Cell
from fetch.failure import Failure
from turns import Ended, Program, Side, Torch


def batch(*lengths):
    return [{"Tokens": [1] * n, "Label": 0} for n in lengths]


def lengths(batches):
    return [[len(text["Tokens"]) for text in batch] for batch in batches]


@pytest.mark.parametrize("text, want, file", [
    ("minilm:vanilla", Cell("minilm", "vanilla"), "minilm-vanilla.json"),
    ("a-b:ga+lora,tokens=16,batch=8", Cell("a-b", "ga+lora", tokens=16, batch=8), "a-b-ga+lora-tokens-16-batch-8.json"),
    ("minilm:lora,threads=1", Cell("minilm", "lora", threads=1), "minilm-lora-threads-1.json"),
    ("minilm:lora,batch=32", Cell("minilm", "lora"), "minilm-lora.json"),
])
def test_cells_are_parsed(text, want, file):
    cell = cells.parse(text)
    assert (cell, cell.file) == (want, file)
    assert cells.parse(str(cell)) == cell


@pytest.mark.parametrize("text, named", [
    ("minilm", "no method"), ("minilm:lorra", "lorra"), (":lora", "not a method"), ("minilm:lora,words=3", "words=3"), ("minilm:lora,batch=0", "batch=0"),
    ("minilm:lora,tokens=513", "tokens=513"), ("minilm:lora,threads=-1", "threads=-1"), ("minilm:lora,batch", "batch is not a size"),
])
def test_other_cells_are_refused(text, named):
    with pytest.raises(Failure, match=re.escape(named)):
        cells.parse(text)


@pytest.mark.parametrize("flags, usual", [("avx2 avx512f", ["float32"]), ("avx2 avx_vnni", ["float32", "int8"]), ("avx512_vnni", ["float32", "int8"])])
def test_precisions_are_those_of_the_processor(monkeypatch, tmp_path, flags, usual):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: fpu {flags}\n\n")
    fast = machine.has_vnni(cpuinfo)
    monkeypatch.setattr(machine, "has_vnni", lambda: fast)
    assert bench.arguments([]).precision == usual


def test_arguments():
    o = bench.arguments([])
    assert o.cells == cells.DEFAULT
    assert o.pytorch is None
    o = bench.arguments(["--precision", "float32,int8", "--batches", "3", "--pytorch", "float32,authors", "minilm:lora"])
    assert (o.precision, o.batches, o.pytorch, o.cells) == (["float32", "int8"], 3, ["float32", "authors"], [Cell("minilm", "lora")])
    for words in (["--precision", "int8"], ["--pytorch", "float32,int8"]):
        with pytest.raises(Failure, match="int8"):
            bench.arguments(words)


@pytest.mark.parametrize("words", [["--batches", "1"], ["--threads", "0"], ["--batches", "many"], ["--no-such-flag"]])
def test_other_arguments_are_refused(words, capsys):
    with pytest.raises(SystemExit):
        bench.arguments(words)
    assert words[0] in capsys.readouterr().err


def test_every_file_of_the_usual_cells_is_of_its_own():
    assert len({cell.file for cell in cells.DEFAULT}) == len(cells.DEFAULT)


def test_texts_are_dealt_by_length():
    batches = [batch(9, 1), batch(3, 8), batch(2, 7)]
    dealt = cells.by_length(batches)
    assert lengths(dealt) == [[3, 7], [1, 2], [8, 9]]
    assert (cells.padded_tokens(batches), cells.padded_tokens(dealt)) == (48, 36)


def test_programs_of_a_cell():
    assert list(bench.torch_options(Cell("m", "lora"))) == ["float32", "bfloat16"]
    assert list(bench.torch_options(cells.COMPILED)) == ["float32", "bfloat16", "float32 compiled", "bfloat16 compiled"]
    assert list(bench.torch_options(Cell("m", "lora"), bench.PROGRAMS)) == ["float32", "bfloat16", "float32 compiled", "bfloat16 compiled"]
    assert list(bench.torch_options(Cell("m", "musclelora"), ["authors", "float32"])) == ["authors", "float32"]
    assert bench.torch_options(Cell("m", "musclelora", batch=8)) == {"float32": [], "bfloat16": ["--precision", "bfloat16"]}


def test_profile_counts_the_last_calls(tmp_path):
    def operation(name, start, microseconds, part="kernel_time"):
        return {"cat": "Node", "name": f"/layer/{name}_{part}", "ts": start, "dur": microseconds, "args": {"op_name": name}}

    call = {"cat": "Session", "name": "model_run", "args": {}}
    events = [{**call, "ts": 0, "dur": 90}, operation("MatMul", 10, 50), {**call, "ts": 100, "dur": 70}, operation("MatMul", 110, 30),
              operation("MatMul", 140, 7, "fence_before"), operation("Gather", 150, 4), {**call, "ts": 200, "dur": 60}, operation("Attention", 210, 40)]
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(events))
    spent, whole = operations.read(path, 2)
    assert (spent, whole) == ({"MatMul": 30, "Gather": 4, "Attention": 40}, 130)
    assert [operations.kind_of(name) for name in spent] == ["products in float32", "others", "attention"]


# A program whose first step compiles, and whose seconds are the texts of its batch.
ANSWERING = """
import json, sys
for n, line in enumerate(sys.stdin):
    asked = json.loads(line)
    print(json.dumps({"seconds": len(asked["batch"]), "peak_bytes": 1000 * n, "compiled": n == 0}), flush=True)
"""


class Answering(Program):
    step = Torch.step


class Counted:
    def __init__(self, joules):
        self.since = lambda: joules


def test_a_side_makes_steps_until_its_limit():
    with Answering([sys.executable, "-c", ANSWERING]) as program:
        side = Side(program, 1.5, [batch(1, 1), batch(1, 1, 1, 1), batch(1, 1)], None, limit=5)
        for i in range(3):
            side.turn(i, Counted(3.0))
    assert side.measured() == {"median_ms": 3000, "texts_a_second": 1, "peak_bytes": 2000, "start_seconds": 1.5, "seconds": [2, 4], "joules_a_text": 1}


@pytest.mark.parametrize("code, why", [("import sys; sys.exit(3)", "exit code 3"), ("input(); print('{\"failed\": \"no compiler\"}')", "no compiler")])
def test_a_program_that_ends_says_why(code, why):
    with pytest.raises(Ended, match=why), Answering([sys.executable, "-c", code]) as program:
        program.start(batch(1), None)


def zone(root, name, says, microjoules):
    (root / name).mkdir(parents=True, exist_ok=True)
    for file, text in (("name", says), ("energy_uj", microjoules), ("max_energy_range_uj", 9_999_999)):
        (root / name / file).write_text(f"{text}\n")


def test_energy_is_that_of_packages(tmp_path):
    assert machine.Energy(tmp_path / "none").since() is None
    for name, says in (("intel-rapl:0", "package-0"), ("intel-rapl:0:0", "core"), ("intel-rapl:1", "package-1"), ("intel-rapl:2", "psys")):
        zone(tmp_path, name, says, 9_000_000)
    energy = machine.Energy(tmp_path)
    zone(tmp_path, "intel-rapl:0", "package-0", 9_500_000)
    zone(tmp_path, "intel-rapl:1", "package-1", 1_000_000)  # it began again
    assert energy.since() == pytest.approx(2.5)
    assert energy.since() == 0


def test_a_line_for_each_side():
    side = {"median_ms": 100.0, "texts_a_second": 300.0, "peak_bytes": 2**30, "start_seconds": 2.0}
    result = {"sides": {"mslora": side, "float32": side | {"texts_a_second": 120.0}}, "left_out": {"bfloat16": "no compiler"}}
    said = list(bench.lines(Cell("m", "lora"), json.loads(json.dumps(result))))
    assert [" ".join(line.split()) for line in said] == [
        "m:lora mslora 100.0 ms 300.0 texts/s 1.00 GiB 2.0 s to start",
        "m:lora float32 100.0 ms 120.0 texts/s 1.00 GiB 2.0 s to start",
        "m:lora bfloat16 left out: no compiler",
    ]


@pytest.mark.parametrize("vnni, want", [(True, {"mslora": "float32", "mslora int8": "int8"}), (False, {"mslora": "float32"})])
def test_8_bits_take_turns_where_the_processor_has_them(monkeypatch, vnni, want):
    monkeypatch.setattr(machine, "has_vnni", lambda: vnni)
    assert machine.sides() == want
