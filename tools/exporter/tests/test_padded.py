"""The graph for others to run computes what transformers computes, and the tools of ONNX Runtime know its patterns."""

import json
import os

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnxruntime.quantization import quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model

import export_graphs
from exporter import fixtures

COMMITTED = os.path.join(export_graphs.GRAPHS, "testdata")
ENCODERS = [f for f in fixtures.FAMILIES.values() if f.folder != "tiny-llama"]
LENGTHS, LONGEST = [7, 20, 1, 12], 20


@pytest.fixture
def family(request):
    return request.param


@pytest.fixture
def reference(family):
    """(model of transformers, its weights)."""
    model, weights, _ = fixtures.reference(family, "full")
    return model.eval(), weights


@pytest.fixture
def path(family, reference, tmp_path):
    """The committed graph with the reference's weights in it, as a file."""
    base = os.path.join(COMMITTED, family.folder, "classify")
    model = onnx.load(base + ".onnx", load_external_data=False)
    with open(base + ".json") as file:
        turned = {w["name"] for w in json.load(file)["weights"] if "transposed" in w}
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            values = reference[1][tensor.name].numpy()
            tensor.CopyFrom(onnx.numpy_helper.from_array(values.T.copy() if tensor.name in turned else values, tensor.name))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, tmp_path / "model.onnx")
    return str(tmp_path / "model.onnx")


def batch(family, side="right"):
    lengths = torch.tensor(LENGTHS)[:, None]
    column = torch.arange(LONGEST)[None, :]
    mask = (column < lengths if side == "right" else column >= LONGEST - lengths).long()
    torch.manual_seed(3)
    ids = torch.randint(family.padding + 1, fixtures.VOCABULARY, mask.shape)
    return {"input_ids": torch.where(mask == 1, ids, family.padding), "attention_mask": mask}


def run(path, given):
    session = onnxruntime.InferenceSession(path)
    assert [o.shape for o in session.get_outputs()] == [["batch_size", fixtures.CLASSES]]
    return session.run(["logits"], {name: value.numpy() for name, value in given.items()})[0]


def close(got, reference, given):
    with torch.no_grad():
        want = reference[0](**given).logits.numpy()
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", fixtures.FAMILIES.values(), ids=fixtures.FAMILIES, indirect=True)
def test_logits_are_hugging_faces(family, reference, path):
    given = batch(family)
    close(run(path, given), reference, given)


@pytest.mark.parametrize("family", [f for f in fixtures.FAMILIES.values() if f not in ENCODERS], ids=["llama"], indirect=True)
def test_a_decoders_batch_may_be_padded_on_the_left(family, reference, path):
    given = batch(family, "left")
    close(run(path, given), reference, given)


@pytest.mark.parametrize("family", fixtures.FAMILIES.values(), ids=fixtures.FAMILIES, indirect=True)
def test_quantize_dynamic_finds_every_weight(family, path):
    quantize_dynamic(path, path + ".int8")
    large = [t.name for t in onnx.load(path + ".int8").graph.initializer if t.data_type == onnx.TensorProto.FLOAT and len(t.dims) == 2]
    assert not large
    assert run(path + ".int8", batch(family)).shape == (len(LENGTHS), fixtures.CLASSES)


@pytest.mark.parametrize("family", ENCODERS, ids=[f.folder for f in ENCODERS], indirect=True)
def test_onnxruntimes_optimizer_fuses_attention_and_norms(family, reference, path):
    optimized = optimize_model(path, model_type="bert", opt_level=0)
    layers = family.config.num_hidden_layers
    fused = optimized.get_fused_operator_statistics()
    assert {kind: fused[kind] for kind in ("Attention", "SkipLayerNormalization", "BiasGelu")} == {
        "Attention": layers, "SkipLayerNormalization": 2 * layers, "BiasGelu": layers}
    optimized.save_model_to_file(path + ".fused")
    given = batch(family)
    close(run(path + ".fused", given), reference, given)
