"""What the benchmark compares: a cell is a model, a method and the sizes of its batches."""

import dataclasses

from fetch.failure import Failure

ALIGNED = ("musclelora", "ga+lora", "ga")
FULL = ("vanilla", "ga")  # train every weight, so nothing is multiplied in 8 bits
METHODS = ("vanilla", "lora", "adapter", "prefix", "lora+mslr", *ALIGNED)
BATCH = 32  # texts
SIZES = {"tokens": 512, "batch": 1024, "threads": 1024}  # the largest of each


@dataclasses.dataclass(frozen=True)
class Cell:
    """tokens 0: texts as they are. threads 0: as many as the benchmark has."""

    model: str
    method: str
    tokens: int = 0
    batch: int = BATCH
    threads: int = 0

    @property
    def sizes(self):
        """The sizes that are not the usual ones."""
        return {name: getattr(self, name) for name in SIZES if getattr(self, name) != getattr(Cell, name)}

    def __str__(self):
        return f"{self.model}:{self.method}" + "".join(f",{name}={size}" for name, size in self.sizes.items())

    @property
    def file(self):
        return "-".join([self.model, self.method, *(f"{name}-{size}" for name, size in self.sizes.items())]) + ".json"


def parse(text):
    """Give the cell that MODEL:METHOD[,tokens=N][,batch=N][,threads=N] names."""
    name, *settings = text.split(",")
    model, _, method = name.partition(":")
    if not model or method not in METHODS:
        raise Failure(f"{text}: {method or 'no method'} is not a method of the benchmark", "write MODEL:METHOD; methods are " + ", ".join(METHODS))
    sizes = {}
    for setting in settings:
        key, _, size = setting.partition("=")
        if key not in SIZES or not size.isdecimal() or not 1 <= int(size) <= SIZES[key]:
            raise Failure(f"{text}: {setting} is not a size", "write " + ", ".join(f"{k}=1 to {n}" for k, n in SIZES.items()))
        sizes[key] = int(size)
    return Cell(model, method, **sizes)


def by_length(batches):
    """Deal the texts of the batches anew, sorted by length, so that little is padded. The middle batch comes first and the most unlike it
    last: a side that stops early has run what is usual."""
    size = len(batches[0])
    texts = sorted((text for batch in batches for text in batch), key=lambda text: len(text["Tokens"]))
    dealt = [texts[i:i + size] for i in range(0, len(texts), size)]
    middle = (len(dealt) - 1) / 2
    return [dealt[i] for i in sorted(range(len(dealt)), key=lambda i: abs(i - middle))]


def padded_tokens(batches):
    """Tokens of the batches, padded to the longest text of each."""
    return sum(len(batch) * max(len(text["Tokens"]) for text in batch) for batch in batches)


# What the targets of --precision int8 are for.
INT8_TARGETS = [*(Cell(model, "musclelora") for model in ("minilm", "bge-small", "smollm2-135m", "bert-base")), Cell("bert-base", "lora+mslr")]

# torch.compile takes minutes to start, so one cell has it unless it is asked for.
COMPILED = Cell("minilm", "lora+mslr")

DEFAULT = [
    *(Cell("minilm", method) for method in ("vanilla", "lora", "adapter", "prefix", "lora+mslr")),
    Cell("bge-small", "lora+mslr"),
    *INT8_TARGETS,
    *(Cell("minilm", "lora+mslr", tokens=n, batch=8) for n in (16, 64, 128, 256, 512)),
    *(Cell("minilm", "lora+mslr", batch=n) for n in (8, 128)),
    Cell("minilm", "lora+mslr", threads=1),
]
