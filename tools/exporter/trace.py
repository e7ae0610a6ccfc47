"""From a module to one ONNX graph of forward pass, loss and backward pass.

The joint trace has every tensor as an input, frozen weights too: what the tracer sees as a constant it may
fold or rename. Afterwards the frozen inputs become initializers whose data lies outside.
"""

import logging
import math
import warnings
from dataclasses import replace

import onnx_ir as ir
import torch
from onnxscript import opset20 as op
from torch._decomp import get_decompositions
from torch.func import functional_call
from torch.fx.experimental.proxy_tensor import make_fx

from . import padded
from .contract import TRACE, build, evaluates
from .deepen import TRACED, deepen
from .memory import saved_bytes
from .naming import name_nodes
from .shapes import state_shapes, symbols
from .sizes import order_sizes
from .transposes import cancel_transposes

OPSET = 20
PLACEHOLDER = "weights"  # location of external data until the graph is linked with a model file


@torch.library.custom_op("mslora::keep", mutates_args=())
def keep(mask: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """mask [...] uint8 times scale [1]; in the graph one DequantizeLinear, far cheaper than Cast and Mul."""
    return mask.float() * scale


@keep.register_fake
def _(mask, scale):
    return torch.empty(mask.shape, dtype=torch.float32)


class Run:
    """The inputs of one run by name, and dropout that takes its masks from them in order."""

    def __init__(self, values):
        self.__dict__.update((n, v) for n, v in values.items() if not n.startswith("keep."))
        self.masks = iter([v for n, v in values.items() if n.startswith("keep.")])
        self.trains = "keep_scale" in values

    def keep(self, masks=1):
        """The next mask, or the next few side by side."""
        if not self.trains:
            return None
        mask = next(self.masks)
        for _ in range(masks - 1):
            mask = torch.cat([mask, next(self.masks)], -1)
        return torch.ops.mslora.keep(mask, self.keep_scale)

    def drop(self, x):
        mask = self.keep()
        return x if mask is None else x * mask


def layer_norm_backward(gradient, x, shape, mean, rstd, weight=None, bias=None, output_mask=None):
    """The gradient for x alone; gain and bias are frozen wherever this translation is used."""
    normal = op.Mul(op.Sub(x, mean), rstd)
    scaled = op.Mul(gradient, weight)
    by_mean = op.ReduceMean(scaled, [-1])
    by_variance = op.Mul(normal, op.ReduceMean(op.Mul(scaled, normal), [-1]))
    result = op.Mul(op.Sub(op.Sub(scaled, by_variance), by_mean), rstd)
    return result, op.Identity(result), op.Identity(result)  # the exporter wants three outputs; two go unused


def gelu_backward(gradient, x, approximate="none"):
    """gradient * (Phi(x) + x phi(x)), in few passes over memory."""
    density = op.Exp(op.Sub(op.Constant(value_float=-0.5 * math.log(2 * math.pi)), op.Mul(op.Mul(x, x), op.Constant(value_float=0.5))))
    erf = op.Erf(op.Mul(x, op.Constant(value_float=1 / math.sqrt(2))))
    cumulative = op.Add(op.Mul(erf, op.Constant(value_float=0.5)), op.Constant(value_float=0.5))
    return op.Mul(gradient, op.Add(cumulative, op.Mul(x, density)))


ATEN = torch.ops.aten
TRANSLATIONS = {torch.ops.mslora.keep.default: lambda mask, scale: op.DequantizeLinear(mask, scale)}
FROZEN_NORMS = {ATEN.native_layer_norm_backward.default: layer_norm_backward, ATEN.gelu_backward.default: gelu_backward}
# With trained norms PyTorch's own formulas are exported, in elementary operations.
TRAINED_NORMS = [ATEN.embedding_dense_backward, ATEN.native_layer_norm_backward, ATEN.gelu_backward, ATEN.select_backward, ATEN.slice_backward]


def example(contract, a):
    """Memory for every input, of sizes that the tracer cannot confuse.

    Tracing reads no values. Memory that nobody touches takes no space, so a model of any size can be traced.
    """
    lengths = [29, 21, 13, 8, 19, 6, 10, 4, 9]
    while len(lengths) in a.fixed_sizes():
        lengths.append(5)
    sizes = dict(TRACE, T=sum(lengths), R=17, W=37, B=len(lengths), L=29, A=41, N=47)
    confused = a.fixed_sizes() & set(sizes.values())
    if confused:
        raise ValueError(f"{a.name}: a traced size equals a fixed one: {sorted(confused)}")
    values = []
    for name, dtype, shape in contract.inputs():
        shape = [sizes.get(s, s) for s in shape]
        values.append(torch.empty(shape, dtype=getattr(torch, dtype)))
    return values


def dynamic(shape):
    """torch.export's notation for the open sizes of a shape."""
    Dim = torch.export.Dim
    limits = {"T": 1 << 20, "L": 512, "W": 1 << 14}
    dims = {i: Dim(s, max=limits[s]) if s in limits else Dim(s) for i, s in enumerate(shape) if isinstance(s, str) and s not in "VP"}
    return dims or None


def step(a, model, contract, method):
    """The function to trace: lists of tensors in the contract's order -> outputs in the contract's order."""
    names = [name for name, _, _ in contract.inputs()]
    trained = {name for name, _ in contract.parameters} - set(a.tables)
    tensors = dict(model.named_parameters())

    def compute(*values):
        given = dict(zip(names, values))
        run = Run({n: v for n, v in given.items() if n not in tensors})
        weights = {n: v for n, v in given.items() if n in tensors}
        if evaluates(method):
            return functional_call(model, weights, (run,))
        weights = {n: v.detach().requires_grad_() if n in trained else v for n, v in weights.items()}
        with torch.enable_grad():
            wanted, embedded = [weights[n] for n, _ in contract.parameters if n in trained], None
            if method == "full":
                embedded = a.embed([weights[t] for t in a.tables], run).detach().requires_grad_()
                wanted.append(embedded)
            logits, _ = functional_call(model, weights, (run, embedded))
            # Not F.cross_entropy: it is exported with gradients that are B times too large.
            loss = -(torch.log_softmax(logits, -1) * run.targets).sum().reshape(1) * run.loss_scale
            gradients = torch.autograd.grad(loss.sum(), wanted)
        return (loss.detach(), logits.detach(), *gradients)

    return compute


def export(a, method):
    """Give (ONNX bytes, contract) of an architecture's graph, one of METHODS or EVALUATIONS."""
    if method == "classify":
        _, contract = blank(a, method)
        return seal(padded.model(a, contract), contract), contract
    if a.layers <= TRACED:
        model, contract = trace(a, method)
    else:
        model, shallow = trace(replace(a, layers=TRACED), method)
        _, contract = blank(a, method)
        deepen(model.graph, shallow, contract, a.layers)
    return finish(model, contract), contract


def blank(a, method):
    """The module to trace, its parameters without values, and its contract."""
    with torch.device("meta"):
        return build(a, method)


def trace(a, method):
    """Give (ONNX model, contract) with every layer traced."""
    warnings.filterwarnings("ignore")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    model, contract = blank(a, method)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    values = example(contract, a)
    shapes = tuple(dynamic(shape) for _, _, shape in contract.inputs())
    full = method == "full"
    traced = make_fx(step(a, model, contract, method), tracing_mode="symbolic", _allow_non_fake_inputs=True,
                     decomposition_table=get_decompositions(TRAINED_NORMS) if full else None)(*values)
    program = torch.export.export(traced, tuple(values), dynamic_shapes=shapes, strict=False)
    table = TRANSLATIONS if full else TRANSLATIONS | FROZEN_NORMS
    return torch.onnx.export(program, dynamo=True, optimize=True, opset_version=OPSET, custom_translation_table=table, verbose=False).model, contract


def finish(model, contract):
    """The bytes of a traced model, in which everything that the contract names has its name."""
    graph = model.graph
    inputs = list(graph.inputs)
    if len(inputs) != len(contract.inputs()):
        raise ValueError(f"the trace has {len(inputs)} inputs, the contract {len(contract.inputs())}")
    names = symbols(graph, contract)
    for value, (name, _, shape) in zip(inputs, contract.inputs()):
        value.name = name
        value.shape = ir.Shape(shape)
    for value, (name, shape) in zip(graph.outputs, contract.outputs, strict=True):
        value.name = name
        value.shape = ir.Shape(shape)
    order_sizes(graph, contract)
    cancel_transposes(graph)
    contract.saved = saved_bytes(graph, names)
    return seal(model, contract, state_shapes(graph, names))


def seal(model, contract, stated=()):
    """Move frozen weights outside, name the nodes, drop everything that is not computation; give the bytes.

    Of the values in between those that are stated keep their shapes.
    """
    graph = model.graph
    weights = {name for name, _ in contract.weights}
    for value in list(graph.inputs):
        if value.name not in weights:
            continue
        shape = [TRACE.get(size, size) for size in value.shape]
        value.shape = ir.Shape(shape)
        value.const_value = ir.ExternalTensor(PLACEHOLDER, 0, 4 * math.prod(shape), ir.DataType.FLOAT, shape=value.shape, name=value.name, base_dir="")
        graph.inputs.remove(value)
        graph.initializers[value.name] = value
    name_nodes(graph, [name for name, _ in contract.frozen + contract.parameters + contract.weights])
    for part in (*graph.all_nodes(), *graph.inputs, *graph.outputs):
        part.metadata_props.clear()
        part.doc_string = None
    model.metadata_props.clear()
    graph.metadata_props.clear()
    graph.name, model.producer_name, model.producer_version, model.doc_string = "mslora", "mslora", "", None
    check(graph)
    proto = ir.to_proto(model)
    names = {value.name for value in stated}
    kept = [info for info in proto.graph.value_info if info.name in names]
    del proto.graph.value_info[:]
    proto.graph.value_info.extend(kept)
    del proto.metadata_props[:]
    return proto.SerializeToString(deterministic=True)


def check(graph):
    """Refuse operators that are not standard ONNX, and scatters that add: they race in ONNX Runtime."""
    for node in graph.all_nodes():
        if node.domain not in ("", "ai.onnx"):
            raise ValueError(f"node {node.name}: operator {node.op_type} of domain {node.domain}")
        reduction = node.attributes.get("reduction")
        if node.op_type.startswith("Scatter") and reduction is not None and reduction.value != "none":
            raise ValueError(f"node {node.name}: {node.op_type} with reduction {reduction.value}")
