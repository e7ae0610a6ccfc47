"""The graph contract: which inputs and outputs each graph has, in which order. See docs/graphs.md.

Symbols in shapes: T tokens, R rows of W slots, B texts, L longest text, C classes, r LoRA rank,
k multi-scale rank, b bottleneck of adapters, p prefix length, V vocabulary, P positions; of a language model
A tokens whose next ones are predicted, N predictions.
"""

from dataclasses import dataclass, field

METHODS = ("lora", "lora+mslr", "full", "adapter", "prefix")  # training graphs
# Evaluation graphs. LoRA and the multi-scale branch are merged into the weights of the first; adapters and
# prefixes cannot be. "classify" is the first for others to run: padded batches, all weights inside.
EVALUATIONS = ("eval", "adapter.eval", "prefix.eval", "classify")
CAUSAL = "causal"  # a language model: log-probabilities of tokens

# Sizes to trace with: all different from each other and from every fixed size, because the tracer takes
# equal sizes for the same symbol.
TRACE = {"C": 11, "r": 5, "k": 7, "b": 13, "p": 23, "V": 53, "P": 43}

TUNED = ("lora_", "mslr_", ".adapter.", ".prefix.")  # in the names of tunable modules' tensors

PACKED = [
    ("input_ids", "int64", ["T"]), ("position_ids", "int64", ["T"]), ("token_text", "int64", ["T"]),
    ("token_row", "int64", ["T"]), ("token_column", "int64", ["T"]), ("row_tokens", "int64", ["R", "W"]),
    ("row_text", "int64", ["R", "W"]), ("text_tokens", "int64", ["B", "L"]), ("first_tokens", "int64", ["B"]),
    ("text_mask", "float32", ["B", "L"]),
]
PADDED = [("input_ids", "int64", ["B", "L"]), ("attention_mask", "int64", ["B", "L"])]
# A language model's tokens are trees: texts with the same beginning share its tokens. `sees` is 1 where the token of a slot, the
# second axis, sees that of another. `asking` are tokens that others follow; each prediction is of one of them, by its place, and of
# the token that follows.
TREES = [
    ("input_ids", "int64", ["T"]), ("position_ids", "int64", ["T"]), ("token_row", "int64", ["T"]), ("token_column", "int64", ["T"]),
    ("row_tokens", "int64", ["R", "W"]), ("sees", "uint8", ["R", "W", "W"]), ("asking", "int64", ["A"]),
    ("predicted_by", "int64", ["N"]), ("predicted_id", "int64", ["N"]),
]
LABELS = [("targets", "float32", ["B", "C"]), ("loss_scale", "float32", [1])]


@dataclass
class Contract:
    """Everything that one graph reads and gives: lists of (name, dtype, shape), or (name, shape) of float32."""

    batch: list
    scalars: list
    keep_masks: list
    frozen: list
    parameters: list
    weights: list
    outputs: list
    transposed: frozenset = frozenset()  # names of weights [out, in] that the graph, and `weights`, have as [in, out]
    saved: dict = field(default_factory=dict)  # what the forward pass keeps for the backward pass, see memory.py

    def inputs(self):
        """All float32, int64 and uint8 inputs in the graph's order, the weights last."""
        floats = [(name, "float32", shape) for name, shape in self.frozen + self.parameters + self.weights]
        return self.batch + self.scalars + self.keep_masks + floats


def evaluates(graph):
    return graph in EVALUATIONS or graph == CAUSAL


def build(a, graph):
    """Give the module to trace and the contract of its graph, one of the family's graphs."""
    if graph == CAUSAL:
        model = a.language_model(TRACE["V"], TRACE["P"])
        weights = [(n, shape_of(a, n, p)) for n, p in model.named_parameters()]
        return model, Contract(TREES, [], [], [], [], weights, [("log_probabilities", ["N"])])
    method = graph.removesuffix(".eval")
    lora = TRACE["r"] if method.startswith("lora") else 0
    scales = TRACE["k"] if method == "lora+mslr" else 0
    model = a.classifier(TRACE["V"], TRACE["P"], TRACE["C"], lora, scales)
    insert(model, method)
    shapes = {name: shape_of(a, name, p) for name, p in model.named_parameters()}
    tuned = [n for n in shapes if any(part in n for part in TUNED)]
    head = [n for n in shapes if n in a.head]
    backbone = [n for n in shapes if n not in tuned + head]
    pick = lambda names: [(n, shapes[n]) for n in names]
    if graph == "classify":
        weights = pick(backbone + head)
        turned = frozenset(n for n, shape in weights if len(shape) == 2 and n not in a.tables)
        weights = [(n, shape[::-1] if n in turned else shape) for n, shape in weights]
        return model, Contract(PADDED, [], [], [], [], weights, [("logits", ["B", "C"])], turned)
    if evaluates(graph):
        outputs = [("logits", ["B", "C"]), ("cls", ["B", a.hidden])]
        return model, Contract(PACKED, [], [], pick(tuned + head), [], pick(backbone), outputs)
    scalars = [("lora_scale", "float32", [1])] if lora else []
    scalars += [("mslr_scale", "float32", [1]), ("mslr_S", "float32", ["k"])] if scales else []
    scalars += [("keep_scale", "float32", [1])]
    trained = backbone + head if method == "full" else tuned + head
    parameters = pick(trained)
    outputs = [("loss", [1]), ("logits", ["B", "C"])] + [("grad." + n, s) for n, s in parameters if n not in a.tables]
    if method == "full":
        outputs.append(("grad.embeddings", ["T", a.hidden]))
    weights = pick(n for n in backbone if n not in trained)
    return model, Contract(PACKED + LABELS, scalars, keep_masks(a, method), [], parameters, weights, outputs)


def insert(model, method):
    """Put adapters or prefixes into all layers that have a place for them."""
    size = {"adapter": TRACE["b"], "prefix": TRACE["p"]}.get(method)
    if size is None:
        return
    places = [add for add in (getattr(module, "add_" + method, None) for module in model.modules()) if add]
    if not places:
        raise ValueError(f"{type(model).__module__} has no place for method {method}")
    for add in places:
        add(size)


def keep_masks(a, method):
    """Dropout masks (name, dtype, shape) in order of use. Attention probabilities of a prefix have their own."""
    masks = []
    for name, shape in a.keep_masks():
        if method == "prefix" and name.endswith(".attention"):
            masks.append((name.removesuffix("attention") + "prefix", "uint8", [*shape[:-1], "p"]))
        masks.append((name, "uint8", shape))
    return masks


def shape_of(a, name, parameter):
    """The shape of a parameter with symbols for what a graph leaves open."""
    shape = list(parameter.shape)
    open_sizes = {"lora_A": ["r", None], "lora_B": [None, "r"], "mslr_L": ["k", None], "mslr_R": [None, "k"],
                  "adapter.down.weight": ["b", None], "adapter.down.bias": ["b"], "adapter.up.weight": [None, "b"],
                  ".prefix.": ["p", None]}
    symbols = a.open_shapes.get(name) or next((s for part, s in open_sizes.items() if part in name), [None] * len(shape))
    return [symbol or size for symbol, size in zip(symbols, shape)]
