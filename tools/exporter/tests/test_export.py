"""The exporter on the tiny architecture of the tests: a few seconds a graph."""

import json
import math
import os
from dataclasses import replace

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
import torch
import torch.nn.functional as F

import export_graphs
from exporter import deepen, fixtures, memory, padded, shapes
from exporter.contract import CAUSAL, EVALUATIONS, METHODS, TRACE, Contract, build, evaluates
from exporter.manifest import describe
from exporter.trace import check, example, export, finish, trace
from exporter.transposes import cancel_transposes

TINY = export_graphs.TINY
COMMITTED = os.path.join(export_graphs.GRAPHS, "testdata")


@pytest.fixture(scope="module", params=[(f, method) for f, a in TINY.items() for method in METHODS + EVALUATIONS if method in a.graphs], ids="/".join)
def exported(request):
    """(folder, architecture, method, graph, contract)"""
    family, method = request.param
    return os.path.join(COMMITTED, family), TINY[family], method, *export(TINY[family], method)


def base(method):
    return method if evaluates(method) else method + ".train"


def test_bytes_are_the_committed_ones(exported):
    compare(*exported)


@pytest.mark.parametrize("family", [f for f, a in TINY.items() if CAUSAL in a.graphs])
def test_bytes_of_language_models_are_the_committed_ones(family):
    compare(os.path.join(COMMITTED, family), TINY[family], CAUSAL, *export(TINY[family], CAUSAL))


def compare(folder, a, method, graph, contract):
    with open(os.path.join(folder, base(method) + ".onnx"), "rb") as file:
        assert file.read() == graph
    with open(os.path.join(folder, base(method) + ".json")) as file:
        assert file.read() == describe(a, method, contract, graph)


def test_graph_follows_its_contract(exported):
    *_, method, graph, contract = exported
    model = onnx.load_from_string(graph)
    weights = [name for name, _ in contract.weights]
    assert [i.name for i in model.graph.input] == [name for name, _, _ in contract.inputs() if name not in weights]
    assert [o.name for o in model.graph.output] == [name for name, _ in contract.outputs]
    external = {t.name: t for t in model.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL}
    assert sorted(external) == sorted(weights)
    for tensor in external.values():
        entries = {e.key: e.value for e in tensor.external_data}
        assert (entries["location"], int(entries["length"])) == ("weights", 4 * math.prod(tensor.dims))
    assert {o.version for o in model.opset_import if o.domain == ""} == {padded.OPSET if method == "classify" else 20}
    assert all(n.domain == "" for n in model.graph.node)
    assert not model.metadata_props


# Where the modules of each family are: a key projection, a query's LoRA, the layer with the multi-scale branch.
PLACES = {
    "bert": ("/encoder/layer/1/attention/self/key/", "/encoder/layer/0/attention/self/query/lora_A/", "/pooler/dense/mslr_L/"),
    "llama": ("/layers/1/self_attn/k_proj/", "/layers/0/self_attn/q_proj/lora_A/", "/score/0/mslr_L/"),
    "roberta": ("/encoder/layer/1/attention/self/key/", "/encoder/layer/0/attention/self/query/lora_A/", "/classifier/dense/mslr_L/"),
}


# A node of an adapter and of a prefix in each layer.
ENCODER_MODULES = (("/encoder/layer/{}/output/adapter/down/Gemm", "adapter"), ("/encoder/layer/{}/attention/output/adapter/up/Gemm", "adapter"),
                   ("/encoder/layer/{}/attention/self/prefix/Softmax", "prefix"))
MODULES = {
    "bert": ENCODER_MODULES,
    "llama": (("/layers/{}/self_attn/adapter/down/Gemm", "adapter"), ("/layers/{}/mlp/adapter/up/Gemm", "adapter"), ("/layers/{}/self_attn/prefix/Softmax", "prefix")),
    "roberta": ENCODER_MODULES,
}


def test_nodes_are_named_by_module(exported):
    _, a, method, graph, _ = exported
    names = [n.name for n in onnx.load_from_string(graph).graph.node]
    key, lora, scales = PLACES[a.family]
    assert len(names) == len(set(names))
    assert any(n.startswith(key) for n in names)
    assert any(n.startswith(lora) for n in names) == method.startswith("lora")
    assert any(n.startswith(scales) for n in names) == (method == "lora+mslr")
    for layer in (0, 1):  # each layer's own, though both share the length of the prefix
        for part, of in MODULES[a.family]:
            assert (part.format(layer) in names) == (method.removesuffix(".eval") == of)
    assert any(n.startswith("/backward/") for n in names) == (not evaluates(method))


def test_manifest_is_complete(exported):
    _, a, method, graph, contract = exported
    manifest = json.loads(describe(a, method, contract, graph))
    assert manifest["architecture"] == a.family
    assert manifest["kind"] == ("eval" if evaluates(method) else "train")
    assert manifest["method"] == method
    for parameter in manifest["parameters"]:
        assert (parameter["gradient"] == "") == (parameter["name"] in a.tables)
        assert ("table" in parameter) == (parameter["name"] in a.tables)
        assert parameter["init"] in ("kaiming_uniform", "zeros", "normal", "truncated_normal", "weights")
    modules = {p["module"] for p in manifest["parameters"]}
    expected = {"lora": {"lora", "head"}, "lora+mslr": {"lora", "mslr", "head"}, "full": {"backbone", "head"}, "adapter": {"adapter", "head"}, "prefix": {"prefix", "head"}}
    assert modules == expected.get(method, set())
    frozen = {f["name"]: f["init"] for f in manifest["frozen_inputs"]}
    starts = {p["name"]: p["init"] for p in manifest["parameters"]}
    if method != "classify":  # whose head is in the file
        assert {n: init for n, init in (frozen | starts).items() if n in a.head} == a.head
    if evaluates(method) and method != "classify":  # reads what training has tuned, but for what is merged into weights
        _, trained = build(a, "lora" if method == "eval" else method.removesuffix(".eval"))
        assert list(frozen) == [name for name, _ in trained.parameters if method != "eval" or name in a.head]
    if method == "adapter":
        up = [n for n in starts if ".adapter.up." in n]
        assert len(up) == 8 and all(starts[n] == ("zeros" if n.endswith("bias") else "truncated_normal") for n in up)
    if method == "prefix":
        assert {starts[n] for n in starts if ".prefix." in n} == {"normal"}


def with_weights(graph):
    """The model of a graph with numbers in place of weights that lie outside."""
    model = onnx.load_from_string(graph)
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            tensor.ClearField("external_data")
            tensor.ClearField("data_location")
            tensor.raw_data = np.full(tuple(tensor.dims), 0.1, np.float32).tobytes()
    return model


def test_one_text_alone_runs(exported):
    """Sizes must be open: one text in one row is the smallest batch."""
    _, a, method, graph, contract = exported
    session = onnxruntime.InferenceSession(with_weights(graph).SerializeToString())
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
    assert outputs["logits"].shape == (1, TRACE["C"] if set(a.head) <= weights else sizes["C"])
    assert all(np.isfinite(value).all() for value in outputs.values())
    assert ("loss" in outputs) == (not evaluates(method))


def test_stated_shapes_are_those_of_the_values(exported):
    *_, method, graph, contract = exported
    if method == "classify":  # has the shapes that others infer
        assert not onnx.load_from_string(graph).graph.value_info
    else:
        compare_shapes(graph, contract)


@pytest.mark.parametrize("family", [f for f, a in TINY.items() if CAUSAL in a.graphs])
def test_stated_shapes_of_language_models_are_those_of_the_values(family):
    compare_shapes(*export(TINY[family], CAUSAL))


def compare_shapes(graph, contract):
    """Run a graph with sizes that all differ, and compare what it states with what comes. All other sizes follow."""
    model = with_weights(graph)
    assert model.graph.value_info and not unknown(model)
    stated = {info.name: [d.dim_param or d.dim_value for d in info.type.tensor_type.shape.dim] for info in model.graph.value_info}
    known = {output.name for output in model.graph.output}
    model.graph.output.extend(info for info in model.graph.value_info if info.name not in known)
    sizes = dict(T=71, R=2, W=59, B=3, L=31, C=4, r=6, k=8, b=9, p=14, V=61, P=67, A=15, N=16)
    weights = {name for name, _ in contract.weights}
    feed = {name: (np.zeros if dtype == "int64" else np.ones)([sizes.get(s, s) for s in shape], dtype) for name, dtype, shape in contract.inputs() if name not in weights}
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    for name, value in zip([output.name for output in session.get_outputs()], session.run(None, feed)):
        if name in stated:
            assert [eval(size, {}, sizes) if isinstance(size, str) else size for size in stated[name]] == list(value.shape), name


def unknown(model):
    """Names of nodes of which ONNX cannot infer a size that they give."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    named = lambda d: d.HasField("dim_value") or d.dim_param and not d.dim_param.startswith("unk__")
    known = {v.name for v in (*inferred.value_info, *inferred.output) if v.type.tensor_type.HasField("shape") and all(map(named, v.type.tensor_type.shape.dim))}
    return [node.name for node in inferred.node if not known.issuperset(node.output)]


@pytest.mark.parametrize("family, method", [("tiny", "full"), ("tiny", "adapter"), ("tiny", "eval"), ("tiny-llama", "lora+mslr"), ("tiny-llama", "prefix"), ("tiny-gpt2", "causal")])
def test_deepened_graph_is_the_traced_one(family, method):
    """To the byte, with two copies, of which each reads the other."""
    deep = replace(TINY[family], layers=deepen.TRACED + 2)
    model, contract = trace(deep, method)
    assert export(deep, method) == (finish(model, contract), contract)


def test_what_is_kept_for_the_backward_pass():
    """Each tensor once, also if it is read in another shape; not what only the forward or only the backward pass reads."""
    tensor = lambda name, shape: ir.Value(name=name, shape=ir.Shape(shape), type=ir.TensorType(ir.DataType.FLOAT))
    x, w = tensor("x", ["s1", 4]), tensor("w", ["s1", 4])
    product, flat, other, loss, gradient, again = (tensor(n, s) for n, s in [
        ("product", ["s1", 4]), ("flat", ["4*s1"]), ("other", ["s1", "s1 + 2"]), ("loss", [1]), ("gradient", ["4*s1"]), ("again", ["s1", 4])])
    nodes = [ir.Node("", op, inputs, outputs=[output], name=output.name) for op, inputs, output in [
        ("Mul", [x, w], product), ("Reshape", [product], flat), ("Relu", [product], other), ("ReduceSum", [flat, other], loss),
        ("Mul", [loss, flat], gradient), ("Mul", [gradient, product], again), ("Add", [again, other], tensor("result", ["s1", 4]))]]
    graph = ir.Graph([x, w], [loss, nodes[-1].outputs[0]], nodes=nodes)
    names = shapes.symbols(graph, Contract([("x", "float32", ["T", 4])], [], [], [], [], [("w", ["T", 4])], []))
    # product: 4 T floats; other: T (T + 2) floats; the loss: 1 float
    assert memory.saved_bytes(graph, names) == {"1": 4, "T": 4 * 4 + 4 * 2, "T^2": 4}
    graph.outputs[0].name = "logits"
    assert memory.saved_bytes(graph, names) == {}


def test_transposes_that_undo_each_other_are_cancelled():
    x = ir.Value(name="x")
    turn = lambda value, perm: ir.Node("", "Transpose", [value], [ir.AttrInt64s("perm", perm)], num_outputs=1)
    once = turn(x, [1, 2, 0])
    back, on = turn(once.outputs[0], [2, 0, 1]), turn(once.outputs[0], [1, 2, 0])
    last = ir.Node("", "Add", [back.outputs[0], on.outputs[0]], num_outputs=1)
    graph = ir.Graph([x], last.outputs, nodes=[once, back, on, last])
    cancel_transposes(graph)
    assert list(graph) == [once, on, last] and last.inputs[0] is x
    y = ir.Value(name="y")
    pair = [turn(y, [1, 0])]
    pair.append(turn(pair[0].outputs[0], [1, 0]))
    graph = ir.Graph([y], pair[1].outputs, nodes=pair)
    cancel_transposes(graph)
    assert len(graph) == 2  # an output stays


def test_layers_that_differ_are_not_copied():
    x = ir.Value(name="x")
    inputs = [ir.Value(name=f"layer.{i}.weight") for i in range(deepen.TRACED)]
    nodes = []
    for i, weight in enumerate(inputs):
        nodes.append(ir.Node("", "Mul" if i == deepen.COPIED else "Add", [nodes[-1].outputs[0] if nodes else x, weight], name=str(i)))
    graph = ir.Graph([x, *inputs], nodes[-1].outputs, nodes=nodes)
    shape = lambda count: Contract([("x", "float32", [1])], [], [], [], [], [(f"layer.{i}.weight", [1]) for i in range(count)], [("logits", [1])])
    with pytest.raises(ValueError, match="not alike in the forward pass"):
        deepen.deepen(graph, shape(deepen.TRACED), shape(deepen.TRACED + 1), deepen.TRACED + 1)


def test_scatter_that_adds_is_refused():
    def node(op, **attributes):
        return ir.Node("", op, [], [ir.Attr(k, ir.AttributeType.STRING, v) for k, v in attributes.items()], name="n", num_outputs=1)

    check(ir.Graph([], [], nodes=[node("ScatterND", reduction="none"), node("Gather")]))
    with pytest.raises(ValueError, match="reduction add"):
        check(ir.Graph([], [], nodes=[node("ScatterND", reduction="add")]))
    with pytest.raises(ValueError, match="domain com.example"):
        check(ir.Graph([], [], nodes=[ir.Node("com.example", "Magic", [], name="n", num_outputs=1)]))


def test_sizes_that_the_tracer_would_confuse_are_refused():
    unlucky = export_graphs.bert.Architecture(layers=2, hidden=53 * 2, heads=2, intermediate=50)  # head width = traced vocabulary
    _, contract = build(unlucky, "lora")
    with pytest.raises(ValueError, match="53"):
        example(contract, unlucky)


def test_backbone_without_a_place_is_refused():
    tiny = TINY["tiny"]

    class Bare(type(tiny)):
        def classifier(self, *sizes):
            return torch.nn.Linear(3, 2)

    with pytest.raises(ValueError, match="no place for method prefix"):
        build(Bare(tiny.layers, tiny.hidden, tiny.heads, tiny.intermediate), "prefix")


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
@pytest.mark.parametrize("family", fixtures.FAMILIES.values(), ids=fixtures.FAMILIES)
def test_fixtures_are_the_committed_ones(family, method):
    """PyTorch's own results may move in the last bits with its version; the fixtures must not move further."""
    from safetensors.torch import load_file

    fresh, kept = fixtures.fixture(family, method), load_file(os.path.join(COMMITTED, family.folder, method + ".parity.safetensors"))
    assert fresh.keys() == kept.keys()
    for name, value in fresh.items():
        assert torch.allclose(value.float(), kept[name].float(), rtol=1e-4, atol=1e-6), name


@pytest.mark.parametrize("family", TINY)
def test_config_gives_the_architecture(family):
    """The fixtures' config.json are Hugging Face's own."""
    assert export_graphs.architecture(os.path.join(COMMITTED, family, "config.json")) == TINY[family]


@pytest.mark.parametrize("config, problem", [
    ({}, "model_type is None"),
    ({"model_type": "t5"}, "model_type is 't5', expected one of bert, roberta, llama, gpt2"),
    ({"model_type": "bert", "hidden_size": 10}, "num_hidden_layers"),
    ({"model_type": "bert", "num_hidden_layers": 2, "hidden_size": 10, "num_attention_heads": 3, "intermediate_size": 5}, "no multiple"),
])
def test_config_that_cannot_be_exported(config, problem, tmp_path, capsys):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    with pytest.raises(SystemExit):
        export_graphs.main(["--config", str(path), "--out", str(tmp_path)])
    assert problem in capsys.readouterr().err


def test_arguments():
    with pytest.raises(SystemExit):
        export_graphs.main(["--config", "x"])
    with pytest.raises(SystemExit):
        export_graphs.main(["--config", "no such file", "--out", "x"])
