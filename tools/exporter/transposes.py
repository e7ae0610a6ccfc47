"""Transposes that undo each other.

Autograd keeps the transposed weight of the forward pass and transposes it back in the backward pass. Without that a weight
is not held in between, where a session widens weights as they are read (docs/graphs.md).
"""


def cancel_transposes(graph):
    """Let the readers of a transpose of a transpose read what both begin with."""
    removed = []
    for node in graph:
        if node.op_type != "Transpose":
            continue
        inner = node.inputs[0].producer()
        if inner is None or inner.op_type != "Transpose" or node.outputs[0].is_graph_output():
            continue
        if [permutation(inner)[i] for i in permutation(node)] == sorted(permutation(node)):
            node.outputs[0].replace_all_uses_with(inner.inputs[0])
            removed.append(node)
    graph.remove(removed, safe=True)
    graph.remove([n for n in graph if n.op_type == "Transpose" and not n.outputs[0].uses() and not n.outputs[0].is_graph_output()], safe=True)


def permutation(node):
    return list(node.attributes["perm"].value)
