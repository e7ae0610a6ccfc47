"""The description beside each graph, which the program reads."""

import hashlib
import json

from .contract import evaluates

# The kinds of embedding tables, in the order of an architecture's `tables`: what a token looks its row up by.
KINDS = ("word", "position", "segment")


def initial(a, name):
    """How a parameter starts: see lora.Initialize in the Go code."""
    if name in a.head:
        return a.head[name]
    if ".adapter." in name:
        return "zeros" if name.endswith("bias") else "truncated_normal"
    if ".prefix." in name:
        return "normal"
    if "lora_B" in name:
        return "zeros"
    return "kaiming_uniform" if "lora_" in name or "mslr_" in name else "weights"


def module(a, name):
    for part, kind in (("lora_", "lora"), ("mslr_", "mslr"), (".adapter.", "adapter"), (".prefix.", "prefix")):
        if part in name:
            return kind
    return "head" if name in a.head else "backbone"


def table(a, name):
    """Which embedding table a tensor is, if it is one: an entry's last member."""
    return {"table": KINDS[a.tables.index(name)]} if name in a.tables else {}


def describe(a, method, contract, graph):
    """Give the manifest's text for a graph's bytes."""
    value = lambda v: {"name": v[0], "dtype": v[1], "shape": v[2]}
    tensor = lambda t: {"name": t[0], "shape": t[1]}
    manifest = {
        "format": 1, "architecture": a.family, "layers": a.layers, "hidden": a.hidden, "heads": a.heads,
        "intermediate": a.intermediate, "method": method, "kind": "eval" if evaluates(method) else "train",
        "dropout": a.dropout, "layer_norm_epsilon": a.epsilon, **a.description(),
        "batch": [value(v) for v in contract.batch],
        "scalars": [value(v) for v in contract.scalars],
        "keep_masks": [value(v) for v in contract.keep_masks],
        "frozen_inputs": [tensor(f) | {"init": initial(a, f[0])} for f in contract.frozen],
        "parameters": [
            tensor(p) | {"init": initial(a, p[0]), "module": module(a, p[0]), "gradient": "" if p[0] in a.tables else "grad." + p[0]} | table(a, p[0])
            for p in contract.parameters
        ],
        "weights": [tensor(w) | table(a, w[0]) | ({"transposed": True} if w[0] in contract.transposed else {}) for w in contract.weights],
        "outputs": [tensor(o) for o in contract.outputs],
        **({"saved_bytes": contract.saved} if contract.saved else {}),
        "sha256": hashlib.sha256(graph).hexdigest(),
    }
    lines = []
    for key, entry in manifest.items():
        if isinstance(entry, list) and entry:
            body = ",\n".join("    " + json.dumps(e) for e in entry)
            lines.append(f'  "{key}": [\n{body}\n  ]')
        else:
            lines.append(f'  "{key}": {json.dumps(entry)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"
