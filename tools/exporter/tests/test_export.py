"""The exporter on the tiny architecture of the tests: a few seconds a graph."""

import json
import math
import os

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from transformers import BertConfig, BertForSequenceClassification

import export_graphs
from exporter import fixtures
from exporter.contract import EVALUATIONS, METHODS, TRACE, build, evaluates
from exporter.manifest import describe
from exporter.trace import check, example, export

TINY = export_graphs.TINY
COMMITTED = os.path.join(export_graphs.GRAPHS, "testdata", "tiny")


@pytest.fixture(scope="module", params=METHODS + EVALUATIONS)
def exported(request):
    graph, contract = export(TINY, request.param)
    return request.param, graph, contract


def base(method):
    return method if evaluates(method) else method + ".train"


def test_bytes_are_the_committed_ones(exported):
    method, graph, contract = exported
    with open(os.path.join(COMMITTED, base(method) + ".onnx"), "rb") as file:
        assert file.read() == graph
    with open(os.path.join(COMMITTED, base(method) + ".json")) as file:
        assert file.read() == describe(TINY, method, contract, graph)


def test_graph_follows_its_contract(exported):
    _, graph, contract = exported
    model = onnx.load_from_string(graph)
    weights = [name for name, _ in contract.weights]
    assert [i.name for i in model.graph.input] == [name for name, _, _ in contract.inputs() if name not in weights]
    assert [o.name for o in model.graph.output] == [name for name, _ in contract.outputs]
    external = {t.name: t for t in model.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL}
    assert sorted(external) == sorted(weights)
    for tensor in external.values():
        entries = {e.key: e.value for e in tensor.external_data}
        assert (entries["location"], int(entries["length"])) == ("weights", 4 * math.prod(tensor.dims))
    assert {o.version for o in model.opset_import if o.domain == ""} == {20}
    assert all(n.domain == "" for n in model.graph.node)
    assert not model.graph.value_info and not model.metadata_props


def test_nodes_are_named_by_module(exported):
    method, graph, _ = exported
    names = [n.name for n in onnx.load_from_string(graph).graph.node]
    assert len(names) == len(set(names))
    assert any(n.startswith("/encoder/layer/1/attention/self/key/") for n in names)
    assert any(n.startswith("/encoder/layer/0/attention/self/query/lora_A/") for n in names) == method.startswith("lora")
    assert any(n.startswith("/pooler/dense/mslr_L/") for n in names) == (method == "lora+mslr")
    for layer in (0, 1):  # each layer's own, though both share the length of the prefix
        for part, of in (("output/adapter/down/Gemm", "adapter"), ("attention/output/adapter/up/Gemm", "adapter"), ("attention/self/prefix/Softmax", "prefix")):
            assert (f"/encoder/layer/{layer}/{part}" in names) == (method.removesuffix(".eval") == of)
    assert any(n.startswith("/backward/") for n in names) == (not evaluates(method))


def test_manifest_is_complete(exported):
    method, graph, contract = exported
    manifest = json.loads(describe(TINY, method, contract, graph))
    assert manifest["kind"] == ("eval" if evaluates(method) else "train")
    assert manifest["method"] == method
    for parameter in manifest["parameters"]:
        assert (parameter["gradient"] == "") == (parameter["name"] in TINY.tables)
        assert parameter["init"] in ("kaiming_uniform", "zeros", "normal", "truncated_normal", "weights")
    modules = {p["module"] for p in manifest["parameters"]}
    expected = {"lora": {"lora"}, "lora+mslr": {"lora", "mslr"}, "full": {"backbone", "head"}, "adapter": {"adapter", "head"}, "prefix": {"prefix", "head"}}
    assert modules == expected.get(method, set())
    frozen = {f["name"]: f["init"] for f in manifest["frozen_inputs"]}
    starts = {p["name"]: p["init"] for p in manifest["parameters"]}
    if evaluates(method) and method != "classify":  # reads what training has tuned, but for what is merged into weights
        _, trained = build(TINY, "lora" if method == "eval" else method.removesuffix(".eval"))
        assert list(frozen) == [name for name, _ in (trained.frozen if method == "eval" else trained.parameters)]
    if method == "adapter":
        assert starts["encoder.layer.1.output.adapter.up.weight"] == "truncated_normal" and starts["encoder.layer.0.output.adapter.up.bias"] == "zeros"
    if method == "prefix":
        assert starts["encoder.layer.1.attention.self.prefix.key"] == "normal"


def test_one_text_alone_runs(exported):
    """Sizes must be open: one text in one row is the smallest batch."""
    method, graph, contract = exported
    model = onnx.load_from_string(graph)
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            tensor.ClearField("external_data")
            tensor.ClearField("data_location")
            tensor.raw_data = np.full(tuple(tensor.dims), 0.1, np.float32).tobytes()
    session = onnxruntime.InferenceSession(model.SerializeToString())
    length = 4
    sizes = dict(T=length, R=1, W=length, B=1, L=length, C=2, r=1, k=1, b=1, p=1, V=60, P=50)
    given = {
        "input_ids": np.arange(length), "position_ids": np.arange(length), "token_text": np.zeros(length), "token_row": np.zeros(length),
        "token_column": np.arange(length), "row_tokens": np.arange(length)[None], "row_text": np.zeros((1, length)),
        "text_tokens": np.arange(length)[None], "first_tokens": np.zeros(1),
    }
    weights = {name for name, _ in contract.weights}
    feed = {}
    for name, dtype, shape in contract.inputs():
        if name not in weights:
            shape = [sizes.get(s, s) for s in shape]
            feed[name] = given[name].astype(dtype).reshape(shape) if name in given else np.ones(shape, dtype)
    outputs = dict(zip([name for name, _ in contract.outputs], session.run(None, feed)))
    assert outputs["logits"].shape == (1, TRACE["C"] if "classifier.bias" in weights else sizes["C"])
    assert all(np.isfinite(value).all() for value in outputs.values())
    assert ("loss" in outputs) == (not evaluates(method))


def test_classify_computes_hugging_faces_logits():
    """On a padded batch with its attention mask, as anybody would run it."""
    torch.manual_seed(3)
    reference = BertForSequenceClassification(BertConfig(**fixtures.CONFIG)).eval()
    weights = {name.removeprefix("bert."): value for name, value in reference.state_dict().items()}
    with open(os.path.join(COMMITTED, "classify.onnx"), "rb") as file:
        model = onnx.load_from_string(file.read())
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            tensor.CopyFrom(onnx.numpy_helper.from_array(weights[tensor.name].numpy(), tensor.name))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    assert [o.shape for o in session.get_outputs()] == [["B", fixtures.CLASSES]]
    lengths = torch.tensor([7, 20, 1, 12])
    ids = torch.randint(0, fixtures.CONFIG["vocab_size"], (4, 20))
    mask = (torch.arange(20)[None, :] < lengths[:, None]).long()
    with torch.no_grad():
        want = reference(input_ids=ids, attention_mask=mask).logits
    (got,) = session.run(["logits"], {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})
    np.testing.assert_allclose(got, want.numpy(), rtol=1e-4, atol=1e-5)


def test_scatter_that_adds_is_refused():
    def node(op, **attributes):
        return ir.Node("", op, [], [ir.Attr(k, ir.AttributeType.STRING, v) for k, v in attributes.items()], name="n", num_outputs=1)

    check(ir.Graph([], [], nodes=[node("ScatterND", reduction="none"), node("Gather")]))
    with pytest.raises(ValueError, match="reduction add"):
        check(ir.Graph([], [], nodes=[node("ScatterND", reduction="add")]))
    with pytest.raises(ValueError, match="domain com.example"):
        check(ir.Graph([], [], nodes=[ir.Node("com.example", "Magic", [], name="n", num_outputs=1)]))


def test_sizes_that_the_tracer_would_confuse_are_refused():
    unlucky = export_graphs.Architecture(layers=2, hidden=53 * 2, heads=2, intermediate=50)  # head width = traced vocabulary
    _, contract = build(unlucky, "lora")
    with pytest.raises(ValueError, match="53"):
        example(contract, unlucky)


def test_backbone_without_a_place_is_refused():
    class Bare(type(TINY)):
        def classifier(self, *sizes):
            return torch.nn.Linear(3, 2)

    with pytest.raises(ValueError, match="no place for method prefix"):
        build(Bare(TINY.layers, TINY.hidden, TINY.heads, TINY.intermediate), "prefix")


def test_given_dropout_uses_every_mask_once():
    x = torch.ones(2, 3)
    mask = torch.tensor([[1, 0, 1], [0, 1, 1]], dtype=torch.uint8)
    with fixtures.GivenDropout([mask]):
        assert torch.equal(F.dropout(x, p=0.5), mask * 2.0)
    with pytest.raises(AssertionError, match="not used"):
        with fixtures.GivenDropout([mask]):
            pass
    assert F.dropout(x, training=False).equal(x)


@pytest.mark.parametrize("method", ["lora+mslr", "adapter", "prefix"])
def test_fixtures_are_the_committed_ones(method):
    """PyTorch's own results may move in the last bits with its version; the fixtures must not move further."""
    from safetensors.torch import load_file

    fresh, kept = fixtures.fixture(method), load_file(os.path.join(COMMITTED, method + ".parity.safetensors"))
    assert fresh.keys() == kept.keys()
    for name, value in fresh.items():
        assert torch.allclose(value.float(), kept[name].float(), rtol=1e-4, atol=1e-6), name


def test_arguments():
    with pytest.raises(SystemExit):
        export_graphs.main(["--layers", "2"])
    with pytest.raises(SystemExit):
        export_graphs.main(["--layers", "2", "--hidden", "10", "--heads", "3", "--intermediate", "5", "--out", "x"])
