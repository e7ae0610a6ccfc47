"""Node names that keep the module path, so that a viewer shows LoRA and multi-scale nodes as such."""

import onnx_ir as ir


def module_of(parameter):
    return "/" + parameter.rsplit(".", 1)[0].replace(".", "/")


def name_nodes(graph, parameters):
    """Rename every node to /module/path/Operator, in the backward pass /backward/module/path/Operator.

    The tracer forgets modules, but parameters keep their names: a node belongs to the module whose parameter
    it reads, else to that of the latest of the nodes that it reads from and that belong to one. Nodes that read only
    sizes belong to none. Numbers tell equal names apart. parameters are names.
    """
    paths = {name: module_of(name) for name in parameters}
    position, place, backward, used = {}, {}, False, {}
    for index, node in enumerate(graph):
        read = [v for v in node.inputs if v is not None]
        own = [paths[v.name] for v in read if v.name in paths and node.op_type != "Shape"]
        before = [n for n in (v.producer() for v in read) if place.get(n)]
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
    name_constants(graph)
    outside = {v.name for v in graph.inputs} | {v.name for v in graph.outputs} | set(graph.initializers)
    number = 0
    for node in graph:  # tensors in between get short names: the nodes already say where they are
        for value in node.outputs:
            if value.name and value.name not in outside:
                value.name = f"t{number}"
                number += 1


def name_constants(graph):
    """Rename the constants c0, c1, … in the order of their first use, and keep them in it, the weights first."""
    kept = {name: value for name, value in graph.initializers.items() if isinstance(value.const_value, ir.ExternalTensor)}
    constants = {}
    for node in graph:
        for value in node.inputs:
            if value is not None and value.is_initializer() and value.name not in kept:
                constants.setdefault(value)
    graph.initializers.clear()
    for number, value in enumerate(constants):
        value.name = f"c{number}"
    for value in [*kept.values(), *constants]:
        graph.initializers[value.name] = value
