"""Reading the weights out of a BERT encoder that was exported to ONNX from Hugging Face's implementation.

Such a file keeps the names of embeddings, biases and LayerNorms. The matrices of linear layers became
anonymous transposed operands of MatMul nodes; the node's name tells the layer.
"""

import mmap
import re

from weights import protobuf
from weights.tensor import FLOAT32, Tensor

# Field numbers of onnx.proto3.
MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_INITIALIZER = 1, 5
NODE_INPUT, NODE_NAME, NODE_OPERATOR = 1, 3, 4
TENSOR_DIMS, TENSOR_TYPE, TENSOR_NAME, TENSOR_RAW = 1, 2, 8, 9
TYPE_FLOAT = 1  # TensorProto.DataType


def read(path):
    """Give {Hugging Face name: Tensor} of the embeddings and the encoder in an ONNX file."""
    with open(path, "rb") as file:
        model = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    initializers, products = {}, []
    for number, graph in protobuf.fields(model):
        if number != MODEL_GRAPH:
            continue
        for number, value in protobuf.fields(graph):
            if number == GRAPH_INITIALIZER:
                name, tensor = initializer(value)
                if tensor:
                    initializers[name] = tensor
            elif number == GRAPH_NODE:
                operator, name, inputs = node(value)
                if operator == "MatMul" and len(inputs) == 2:
                    products.append((name, inputs[1]))
    found = {name: tensor for name, tensor in initializers.items() if re.match(r"(embeddings|encoder)\.", name)}
    for name, operand in products:
        layer = re.fullmatch(r"/(encoder/.+)/MatMul", name)
        if layer and operand in initializers:
            found[layer[1].replace("/", ".") + ".weight"] = initializers[operand].transposed()
    return found


def initializer(message):
    """Give name and Tensor of a TensorProto; None in place of the Tensor where it is not float32."""
    name, shape, kind, raw = "", [], 0, None
    for number, value in protobuf.fields(message):
        if number == TENSOR_DIMS:
            shape += protobuf.integers(value)
        elif number == TENSOR_TYPE:
            kind = value
        elif number == TENSOR_NAME:
            name = bytes(value).decode()
        elif number == TENSOR_RAW:
            raw = value
    if kind != TYPE_FLOAT or raw is None:
        return name, None
    return name, Tensor(FLOAT32, tuple(shape), lambda: raw)


def node(message):
    """Give operator, name and input names of a NodeProto."""
    operator, name, inputs = "", "", []
    for number, value in protobuf.fields(message):
        if number == NODE_INPUT:
            inputs.append(bytes(value).decode())
        elif number == NODE_NAME:
            name = bytes(value).decode()
        elif number == NODE_OPERATOR:
            operator = bytes(value).decode()
    return operator, name, inputs
