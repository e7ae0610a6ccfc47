"""Open sizes, each read once from the first input that has it, before all other nodes.

The tracer reads a size from any input, which differs with the number of layers.
"""

import onnx_ir as ir


def order_sizes(graph, contract):
    """Let the nodes that read sizes read them in the contract's order, at the beginning of the graph."""
    inputs = {value.name: value for value in graph.inputs}
    shapes = {name: shape for name, _, shape in contract.inputs()}
    first, readers = {}, {}  # by symbol
    for name, shape in shapes.items():
        for axis, size in enumerate(shape):
            if isinstance(size, str):
                first.setdefault(size, (inputs[name], axis))
    for node in list(graph):
        if node.op_type != "Shape" or node.inputs[0].name not in shapes:
            continue
        symbol = shapes[node.inputs[0].name][node.attributes["start"].value]
        if not isinstance(symbol, str) or symbol in readers:
            raise ValueError(f"size {symbol} is read by {node}, not by one node as an open size")
        readers[symbol] = [node, *(n for n in node.outputs[0].consumers() if n.op_type == "Squeeze")]
    ordered = []
    for symbol, (value, axis) in first.items():
        if symbol in readers:
            reader = readers[symbol][0]
            reader.replace_input_with(0, value)
            reader.attributes["start"], reader.attributes["end"] = ir.AttrInt64("start", axis), ir.AttrInt64("end", axis + 1)
            ordered += readers[symbol]
    graph.remove(ordered)
    graph.insert_before(next(iter(graph)), ordered)
