import json
import pathlib
import struct

import pytest

import made_up
from weights import bert, onnx_encoder, protobuf, safetensors, tensor_bundle
from weights.tensor import Tensor, transpose


def contents(tensors):
    return {name: (tensor.shape, bytes(tensor.read())) for name, tensor in tensors.items()}


def tensors(pooler=True, prefix="", rename=lambda name: name):
    return {prefix + rename(name): Tensor("F32", shape, lambda data=data: data) for name, (shape, data) in made_up.expected(pooler).items()}


def checkpoint(folder, index=None, data=None):
    made_index, made_data = made_up.tensorflow()
    (folder / "variables.index").write_bytes(made_index if index is None else index)
    (folder / "variables.data-00000-of-00001").write_bytes(made_data if data is None else data)
    return str(folder / "variables")


def test_transpose():
    data = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
    assert struct.unpack("<6f", transpose(data, 2, 3)) == (1, 4, 2, 5, 3, 6)
    with pytest.raises(ValueError, match="6 values for a 2 x 2 matrix"):
        transpose(data, 2, 2)
    with pytest.raises(ValueError, match="cannot transpose I64"):
        Tensor("I64", (1, 1), lambda: bytes(8)).transposed()


def test_onnx_encoder(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(made_up.onnx())
    assert contents(onnx_encoder.read(path)) == made_up.expected(pooler=False)


def test_onnx_encoder_cut_off(tmp_path):
    path = tmp_path / "model.onnx"
    whole = made_up.onnx()
    for length in range(3, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="cut off"):
            onnx_encoder.read(path)


def test_tensorflow_checkpoint(tmp_path):
    found = bert.encoder(bert.from_tensorflow(tensor_bundle.read(checkpoint(tmp_path))), pooler=True)
    assert contents(found) == made_up.expected()


def test_damaged_checkpoints(tmp_path):
    index, data = made_up.tensorflow()
    with pytest.raises(ValueError, match="no TensorFlow checkpoint index"):
        tensor_bundle.read(checkpoint(tmp_path, index=index[:-1]))
    with pytest.raises(ValueError, match="does not fit its place"):
        tensor_bundle.read(checkpoint(tmp_path, data=data[:50]))
    with pytest.raises(ValueError, match="does not fit its place"):
        tensor_bundle.read(checkpoint(tmp_path, data=b""))
    with pytest.raises(ValueError, match="cut off"):
        tensor_bundle.read(checkpoint(tmp_path, index=index[:20] + index[-48:]))


def test_safetensors_round_trip(tmp_path):
    path = tmp_path / "model.safetensors"
    safetensors.write(path, tensors())
    assert contents(safetensors.read(path)) == made_up.expected()
    first = path.read_bytes()
    assert struct.unpack("<Q", first[:8])[0] % 8 == 0
    safetensors.write(path, dict(reversed(list(tensors().items()))))
    assert path.read_bytes() == first  # whatever the order of the tensors


@pytest.mark.parametrize("data", [
    b"", b"\0\0", struct.pack("<Q", 100) + b"{}",
    struct.pack("<Q", 55) + b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} ',
    struct.pack("<Q", 55) + b'{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}} ' + bytes(8),
], ids=["empty", "two bytes", "header cut off", "data cut off", "wrong size"])
def test_damaged_safetensors(tmp_path, data):
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="model.safetensors: (no safetensors file|tensor a does not fit)"):
        safetensors.read(path)


def test_safetensors_write_checks_sizes(tmp_path):
    with pytest.raises(ValueError, match="tensor a has 4 bytes, expected 8"):
        safetensors.write(tmp_path / "m", {"a": Tensor("F32", (2,), lambda: bytes(4))})


def old_names(name):
    if "LayerNorm" in name:
        return name.replace(".weight", ".gamma").replace(".bias", ".beta")
    return name


@pytest.mark.parametrize("prefix, rename", [("", str), ("bert.", str), ("bert.", old_names)])
def test_encoder_knows_all_names_in_use(prefix, rename):
    others = {
        prefix + "embeddings.position_ids": Tensor("I64", (1, 1), lambda: bytes(8)),
        "cls.predictions.bias": Tensor("F32", (1,), lambda: bytes(4)),
    }
    found = bert.encoder({**tensors(True, prefix, rename), **others}, pooler=True)
    assert contents(found) == made_up.expected()
    without = bert.encoder({**tensors(True, prefix, rename), **others}, pooler=False)
    assert contents(without) == made_up.expected(pooler=False)


def test_encoder_wants_float32():
    with pytest.raises(ValueError, match="tensor embeddings.word_embeddings.weight is F16, expected F32"):
        bert.encoder({"bert.embeddings.word_embeddings.weight": Tensor("F16", (1, 1), lambda: bytes(2))}, pooler=False)


def test_folder(tmp_path):
    folder = tmp_path / "model"
    bert.write(folder, tensors(), made_up.VOCABULARY, heads=2)
    assert sorted(path.name for path in folder.iterdir()) == sorted(bert.FILES)
    config = json.loads((folder / "config.json").read_text())
    assert {key: config[key] for key in ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
                                         "intermediate_size", "max_position_embeddings", "type_vocab_size")} == {
        "vocab_size": 7, "hidden_size": 4, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 6, "max_position_embeddings": 5, "type_vocab_size": 2}
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    assert list(tokenizer["model"]["vocab"].items()) == [(token, i) for i, token in enumerate(made_up.VOCABULARY)]
    assert tokenizer["padding"] is None and tokenizer["truncation"] is None
    assert tokenizer["post_processor"]["special_tokens"]["[SEP]"]["ids"] == [3]
    assert (folder / "vocab.txt").read_text() == "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\n"
    roles = json.loads((folder / "tokenizer_config.json").read_text())
    assert (roles["unk_token"], roles["cls_token"]) == ("[UNK]", "[CLS]")


def test_vocabulary_needs_special_tokens():
    with pytest.raises(ValueError, match=r"has no \[SEP\], \[MASK\]"):
        bert.tokenizer(["[PAD]", "[UNK]", "[CLS]", "a"])


@pytest.mark.parametrize("message", [b"\x08", b"\x08\x80", b"\x12\x05ab", b"\x0d\x00", b"\x0b", b"\x08" + b"\xff" * 20])
def test_damaged_protobuf(message):
    with pytest.raises(ValueError):
        list(protobuf.fields(message))


def test_protobuf_fields():
    message = made_up.field(1, 300) + made_up.field(2, b"ab") + b"\x1d1234" + b"\x2112345678"
    assert list(protobuf.fields(message)) == [(1, 300), (2, b"ab"), (3, b"1234"), (4, b"12345678")]
    assert protobuf.integers(5) == [5]
    assert protobuf.integers(made_up.varint(300) + made_up.varint(1)) == [300, 1]


GOLDEN = pathlib.Path(__file__).parents[2] / "catalog" / "testdata" / "tiny-bert"


def test_writes_what_go_writes(tmp_path):
    """catalog/bert_test.go compares the same folder, so both programs give a model the same bytes."""
    found = bert.encoder(safetensors.read(GOLDEN / "hub" / "model.safetensors"), pooler=True)
    vocabulary = (GOLDEN / "hub" / "vocab.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    bert.write(tmp_path / "folder", found, vocabulary, 2)
    for name in bert.FILES:
        assert (tmp_path / "folder" / name).read_bytes() == (GOLDEN / "folder" / name).read_bytes(), name
