"""The graph for others to run: padded batches in, logits out, all weights inside.

It is put together by hand, not traced, in the operators and the patterns in which most programs know a transformer: ONNX
Runtime's optimizer fuses them, its quantizer finds the weights of the products as they are read, [in, out], and operators
that young opsets brought are left out.
"""

import math

import numpy as np
import onnx_ir as ir

from .attention import MASKED

FLOAT = int(ir.DataType.FLOAT)
OPSET, IR_VERSION = 17, 8  # the first with LayerNormalization
SIZES = {"B": "batch_size", "L": "sequence_length"}  # as other exporters name them


def model(a, contract):
    """The ONNX model of an architecture with a contract; its weights are still inputs, as after tracing."""
    inputs = []
    for name, dtype, shape in contract.inputs():
        kind = ir.TensorType(ir.DataType.INT64 if dtype == "int64" else ir.DataType.FLOAT)
        inputs.append(ir.Value(name=name, type=kind, shape=ir.Shape([SIZES.get(s, s) for s in shape])))
    graph = Padded(inputs)
    logits = a.padded(graph)
    ((logits.name, shape),) = contract.outputs
    logits.type, logits.shape = ir.TensorType(ir.DataType.FLOAT), ir.Shape([SIZES.get(s, s) for s in shape])
    nodes, constants = graph.op.nodes, graph.constants.values()
    return ir.Model(ir.Graph(inputs, [logits], nodes=nodes, initializers=constants, opset_imports={"": OPSET}), ir_version=IR_VERSION)


class Operators:
    """op.MatMul(x, y) makes a node and gives its output; attributes go by their names."""

    def __init__(self):
        self.nodes = []

    def __getattr__(self, kind):
        def make(*inputs, **attributes):
            self.nodes.append(ir.node(kind, inputs, attributes))
            return self.nodes[-1].outputs[0]

        return make


class Padded:
    """The nodes so far. `ids` and `mask` are [B, L], of integers; op makes a node."""

    def __init__(self, inputs):
        self.op = Operators()
        self.inputs = {value.name: value for value in inputs}
        self.constants = {}
        self.ids, self.mask = self.inputs["input_ids"], self.inputs["attention_mask"]

    def constant(self, value, dtype):
        """The same value is one constant, whoever reads it."""
        value = np.array(value, dtype)
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self.constants:
            tensor = ir.tensor(value)
            self.constants[key] = ir.Value(name=f"constant{len(self.constants)}", type=ir.TensorType(tensor.dtype), shape=tensor.shape, const_value=tensor)
        return self.constants[key]

    def number(self, value):
        return self.constant(value, np.float32)

    def integers(self, *values):
        return self.constant(values, np.int64)

    def weight(self, module):
        return self.inputs[module + ".weight"]

    def linear(self, x, module):
        """x W^T + b, where the module has a bias."""
        y = self.op.MatMul(x, self.weight(module))
        bias = self.inputs.get(module + ".bias")
        return y if bias is None else self.op.Add(y, bias)

    def layer_norm(self, x, module, epsilon):
        return self.op.LayerNormalization(x, self.weight(module), self.inputs[module + ".bias"], axis=-1, epsilon=epsilon)

    def gelu(self, x):
        op = self.op
        cumulative = op.Add(op.Erf(op.Div(x, self.number(math.sqrt(2)))), self.number(1))
        return op.Mul(op.Mul(x, cumulative), self.number(0.5))

    def length(self):
        """L, a scalar."""
        return self.op.Squeeze(self.op.Shape(self.ids, start=1, end=2))

    def places(self, first=0):
        """[L] numbers from first."""
        one, start = self.constant(1, np.int64), self.constant(first, np.int64)
        end = self.length()
        return self.op.Range(start, self.op.Add(end, start) if first else end, one)

    def padding_bias(self):
        """[B, 1, 1, L] to add to scores: nobody sees padding."""
        op = self.op
        seen = op.Cast(op.Unsqueeze(op.Unsqueeze(self.mask, self.integers(1)), self.integers(2)), to=FLOAT)
        return op.Mul(op.Sub(self.number(1), seen), self.number(MASKED))

    def heads(self, x, heads, width, order):
        """[B, L, heads * width] with the axes [B, L, heads, width] in an order."""
        return self.op.Transpose(self.op.Reshape(x, self.integers(0, 0, heads, width)), perm=order)

    def attend(self, q, k, v, bias, width):
        """softmax(q k / sqrt(width) + bias) v for q [..., L, width], k [..., width, L] and v [..., L, width]."""
        op = self.op
        scores = op.Add(op.Div(op.MatMul(q, k), self.number(math.sqrt(width))), bias)
        return op.MatMul(op.Softmax(scores, axis=-1), v)
