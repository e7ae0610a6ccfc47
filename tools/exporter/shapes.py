"""Sizes of tensors in the contract's open sizes."""

import onnx_ir as ir
import sympy

# Operators that give sizes which follow from values. ONNX Runtime cannot infer them, nor those of what is computed from them. Where they are
# not stated, it looks for memory to use again among all tensors that are free: opening takes a time that grows with the square of the graph.
BY_VALUES = {"Expand", "Pad", "Range", "Reshape", "Slice", "Tile"}


def symbols(graph, contract):
    """The tracer's names of open sizes -> the contract's, from the inputs as they were traced."""
    found = {}
    for value, (_, _, shape) in zip(graph.inputs, contract.inputs(), strict=True):
        for traced, size in zip(value.shape, shape):
            if isinstance(size, str):
                found[sympy.Symbol(str(traced), integer=True)] = sympy.Symbol(size)
    return found


def formula(dimension, names):
    """A size of a traced tensor, as a formula of the tracer's open sizes. names are those of symbols()."""
    return sympy.sympify(str(dimension), locals={str(name): name for name in names})


def state_shapes(graph, names):
    """Write the sizes that ONNX Runtime cannot infer in the contract's terms: ["12*T", 32] for [12*s3, 32]. Give the values that have them.

    These are what BY_VALUES give, and sums, which Concat makes of open sizes. names are those of symbols().
    """
    stated = []
    for node in graph:
        for value in node.outputs if node.op_type in BY_VALUES | {"Concat"} else ():
            sizes = [formula(dimension, names).subs(names) for dimension in value.shape]
            if node.op_type in BY_VALUES or any(size.is_Add for size in sizes):
                value.shape = ir.Shape([int(size) if size.is_number else str(size) for size in sizes])
                stated.append(value)
    return stated
