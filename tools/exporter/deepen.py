"""From the graph of a model with few layers to that of the same model with many.

Tracing and optimizing take seconds for each layer, and all layers but the first and the last are alike. So five
are traced: 0 to 4. Layer 1 beside layer 2 shows how a layer reads its neighbours; copies of layer 2 that read
theirs in the same way are put above it, and layers 3 and 4 move up.
"""

import re

import onnx_ir as ir

TRACED = 5  # layers
BELOW, COPIED = 1, 2  # the layer to compare with, and the one to copy

LAYER = re.compile(r"(\b(?:layers?|h)\.)(\d+)\b")  # in the names of tensors


def layer_of(name):
    found = LAYER.search(name)
    return int(found[2]) if found else None


def in_layer(name, layer):
    return LAYER.sub(lambda m: f"{m[1]}{layer}", name, count=1)


def deepen(graph, shallow, deep, layers):
    """Turn a graph of TRACED layers, whose contract is `shallow`, into one of `layers`, whose contract is `deep`."""
    inputs = {name: value for (name, _, _), value in zip(shallow.inputs(), graph.inputs, strict=True)}
    outputs = {name: value for (name, _), value in zip(shallow.outputs, graph.outputs, strict=True)}
    for name, value in inputs.items():
        value.name = name
    stack = Stack(graph, inputs, layers - TRACED, "loss" in outputs)
    stack.grow()
    for values, given, names in ((graph.inputs, inputs, deep.inputs()), (graph.outputs, outputs, deep.outputs)):
        found = [stack.find(given, name) for name, *_ in names]
        values.clear()
        values.extend(found)


class Stack:
    """Layer 2 and its copies. Copy 0 is the layer itself.

    A value's place tells which one of its layer it is: for a node's (pass, position of the node, output), for an
    input its name in layer 0.
    """

    def __init__(self, graph, inputs, copies, trains):
        self.graph, self.copies = graph, copies
        self.passes = segments(list(graph), trains)
        self.homes = {}  # value -> (layer, place), of layers 1 and 2
        for direction, parts in self.passes.items():
            for layer, nodes in parts.items():
                self.homes |= {v: (layer, (direction, i, v.index())) for i, node in enumerate(nodes) for v in node.outputs}
        self.homes |= {v: (layer_of(n), in_layer(n, 0)) for n, v in inputs.items() if layer_of(n) in (BELOW, COPIED)}
        self.values = [{place: v for v, (layer, place) in self.homes.items() if layer == COPIED}]  # of each copy: place -> value
        own = [v for v in self.values[0].values() if v.producer() is None]
        for copy in range(1, copies + 1):
            self.values.append({self.homes[v][1]: ir.Value(name=in_layer(v.name, COPIED + copy), shape=v.shape, type=v.type) for v in own})

    def grow(self):
        """Insert the copies' nodes and let them, layer 2 and what is above it read their neighbours."""
        inside = {node for parts in self.passes.values() for nodes in parts.values() for node in nodes}
        above = [(place, use) for place, v in self.values[0].items() for use in v.uses() if use.node not in inside and use.node.op_type != "Shape"]
        pairs = {d: [(one, two, list(zip(one.inputs, two.inputs))) for one, two in zip(parts[BELOW], parts[COPIED], strict=True)]
                 for d, parts in self.passes.items()}
        for direction, nodes in pairs.items():
            copies = range(1, self.copies + 1)
            made = [self.copy(c, direction, i, *pair) for c in (copies if direction == "forward" else reversed(copies)) for i, pair in enumerate(nodes)]
            if direction == "forward":
                self.graph.insert_after(nodes[-1][1], made)
            else:
                self.graph.insert_before(nodes[0][1], made)
        for nodes in pairs.values():
            for _, two, read in nodes:
                for index, values in enumerate(read):
                    two.replace_input_with(index, self.reads(0, *values))
        for place, use in above:
            use.node.replace_input_with(use.idx, self.values[-1][place])

    def copy(self, copy, direction, position, one, two, read):
        """The node of a copy for the nodes of layers 1 and 2 at a position."""
        if not alike(one, two):
            raise ValueError(f"layers {BELOW} and {COPIED} are not alike in the {direction} pass: {one} and {two}")
        node = ir.Node(two.domain, two.op_type, [self.reads(copy, *values) for values in read], two.attributes.values(), num_outputs=len(two.outputs))
        for value, model in zip(node.outputs, two.outputs):
            value.name, value.shape, value.type = f"{model.name}.{copy}", model.shape, model.type
            self.values[copy][direction, position, value.index()] = value
        return node

    def reads(self, copy, one, two):
        """What a copy reads where layer 1 reads `one` and layer 2 reads `two`."""
        layer_one, place_one = self.homes.get(one, (None, None))
        layer_two, place_two = self.homes.get(two, (None, None))
        if one is two:
            return two  # all layers share it
        if (layer_one, layer_two) == (BELOW, COPIED) and place_one == place_two:
            return self.values[copy][place_two]  # its own
        if (layer_one, layer_two) == (None, BELOW):  # of the layer below
            return self.values[copy - 1][place_two] if copy > 0 else two
        if (layer_one, layer_two) == (COPIED, None):  # of the layer above
            return self.values[copy + 1][place_one] if copy < self.copies else two
        raise ValueError(f"layers {BELOW} and {COPIED} are not alike where they read {one} and {two}")

    def find(self, given, name):
        """The input or output of the deep graph with a name; given are those of the shallow one."""
        layer = layer_of(name)
        copy = 0 if layer is None else min(max(layer - COPIED, 0), self.copies)
        value = given[name if layer is None else in_layer(name, layer - copy)]
        home, place = self.homes.get(value, (None, None))
        # The gradient of a layer may be worked out by the first nodes of the layer below.
        copy += (home or 0) - COPIED
        return self.values[copy][place] if home in (BELOW, COPIED) and copy >= 0 else value


def segments(nodes, trains):
    """pass -> layer -> its nodes, for layers 1 and 2.

    The forward pass of a layer begins where a tensor of its own is first read, the backward pass ends where one is last
    read. To take the sizes that all layers share from one of them is not to read it.
    """
    first, last = {}, {}
    for index, node in enumerate(nodes):
        for value in node.inputs if node.op_type != "Shape" else ():
            layer = layer_of(value.name) if value is not None and value.producer() is None else None
            if layer is not None:
                first.setdefault(layer, index)
                last[layer] = index
    passes = {"forward": {i: nodes[first[i] : first[i + 1]] for i in (BELOW, COPIED)}}
    if trains:
        passes["backward"] = {i: nodes[last[i + 1] + 1 : last[i] + 1] for i in (BELOW, COPIED)}
    return passes


def alike(one, other):
    """Whether two nodes do the same with what they read."""
    what = lambda n: (n.domain, n.op_type, len(n.inputs), len(n.outputs), sorted((k, str(a.type), str(a.value)) for k, a in n.attributes.items()))
    return what(one) == what(other)
