"""How much memory the forward pass keeps for the backward pass, as a polynomial in the open sizes."""

import sympy

from .shapes import formula

BYTES = {"FLOAT": 4, "INT64": 8, "INT32": 4, "UINT8": 1, "BOOL": 1}
SAME_MEMORY = {"Reshape", "Squeeze", "Unsqueeze", "Identity"}  # give what they read


def saved_bytes(graph, names):
    """Bytes of all tensors that are made up to the loss and read behind it: product of open sizes -> factor.

    {} for a graph without a backward pass. names are those of shapes.symbols().
    """
    position = {node: i for i, node in enumerate(graph)}
    loss = next((v for v in graph.outputs if v.name == "loss"), None)
    if loss is None:
        return {}
    end = position[loss.producer()]
    kept = {}
    for node in graph:
        for value in node.inputs if position[node] > end else ():
            origin = memory_of(value)
            if origin is not None and origin.producer() is not None and position[origin.producer()] <= end:
                kept[origin] = None
    total = sympy.Integer(0)
    for value in kept:
        size = sympy.Integer(BYTES[value.dtype.name])
        for dimension in value.shape:
            size *= formula(dimension, names)
        total += size
    terms = sympy.expand(total.subs(names)).as_coefficients_dict()
    return {str(product).replace("**", "^"): int(factor) for product, factor in sorted(terms.items(), key=lambda t: str(t[0]))}


def memory_of(value):
    """The value whose memory a value shares."""
    while value is not None and value.producer() is not None and value.producer().op_type in SAME_MEMORY:
        value = value.producer().inputs[0]
    return value
