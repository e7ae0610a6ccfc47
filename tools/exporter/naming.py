"""Node names that keep the module path, so that a viewer shows LoRA and multi-scale nodes as such."""


import onnx_ir as ir


def module_of(parameter):
    return "/" + parameter.rsplit(".", 1)[0].replace(".", "/")


def name_nodes(graph, parameters):
    """Rename every node to /module/path/Operator, in the backward pass /backward/module/path/Operator.

    The tracer forgets modules, but parameters keep their names: a node belongs to the module whose parameter
    it reads, else to that of the latest of the nodes that it reads from. Numbers tell equal names apart.

    parameters are (name, shape). An open size that several modules share, such as the length of a prefix, is
    worked out once for all; the nodes that do so belong to none of them.
    """
    paths = {name: module_of(name) for name, _ in parameters}
    modules = {}  # by open size
    for name, shape in parameters:
        for size in shape:
            modules.setdefault(size, set()).add(paths[name])
    shared = {name for name, shape in parameters if any(isinstance(s, str) and len(modules[s]) > 1 for s in shape)}
    position, place, backward, used, sizes = {}, {}, False, {}, set()
    for index, node in enumerate(graph):
        own = [paths[v.name] for v in node.inputs if v is not None and v.name in paths]
        before = [n for n in (v.producer() for v in node.inputs if v is not None) if n in position]
        measures = node.op_type == "Shape" and node.inputs[0].name in shared
        if measures or sizes.intersection(before) and node.outputs[0].dtype == ir.DataType.INT64:
            sizes.add(node)
            own, before = [], []
        before = [n for n in before if n not in sizes]
        if own:
            place[node] = own[0]
        elif before:
            place[node] = place[max(before, key=position.get)]
        else:
            place[node] = ""
        position[node] = index
        name = ("/backward" if backward else "") + place[node] + "/" + node.op_type
        number = used[name] = used.get(name, -1) + 1
        node.name = f"{name}_{number}" if number else name
        backward = backward or any(v.name == "loss" for v in node.outputs)
    outside = {v.name for v in graph.inputs} | {v.name for v in graph.outputs} | set(graph.initializers)
    number = 0
    for node in graph:  # tensors in between get short names: the nodes already say where they are
        for value in node.outputs:
            if value.name and value.name not in outside:
                value.name = f"t{number}"
                number += 1
