#!/usr/bin/env python3
"""Time training steps of mslora beside PyTorch's, in turns, on the same texts, and keep a file of each cell.

The sides of PyTorch are what a careful user runs (plain.py): Hugging Face's models with SDPA attention, in float32 and with bfloat16
autocast, eager and compiled, on batches as they come and on those of the same texts sorted by length; for aligned methods the loop of the
public code as well (authors.py). Where a cell has sizes of its own there are two, eager and with batches as they come. torch.compile takes
minutes to start, so one cell alone has it unless --pytorch asks for it. Each program starts alone and makes one step that is not timed. A
turn is one step of each side.
"""

import argparse
import contextlib
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import cells
import machine
from fetch import files
from fetch.failure import Failure, run
from turns import HERE, Ended, Mslora, Side, Torch

ROOT = pathlib.Path(HERE).parent.parent


# The options of torch_side.py.
PROGRAMS = {"float32": [], "bfloat16": ["--precision", "bfloat16"], "float32 compiled": ["--compile"],
            "bfloat16 compiled": ["--precision", "bfloat16", "--compile"], "authors": ["--authors"]}


def products(config, batch, method):
    """Floating-point operations of the matrix products that a step needs at least, without padding."""
    d, f, layers, heads = (config[key] for key in ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"))
    lengths = [len(e["Tokens"]) for e in batch]
    tokens, texts = sum(lengths), len(lengths)
    keys = 2 * d * d * (config.get("num_key_value_heads") or heads) // heads  # of keys and values, which groups of heads may share
    feed_forward = (3 if config["model_type"] == "llama" else 2) * d * f
    linear = (layers - 1) * tokens * (2 * d * d + keys + feed_forward) + tokens * keys + texts * (2 * d * d + feed_forward)
    attention = (layers - 1) * sum(2 * n * n * d for n in lengths)
    passes = 3 if method in ("vanilla", "ga") else 2  # forward, gradient of the inputs, gradient of the weights
    return 2 * passes * linear + 2 * 3 * attention


def folder_of(o, name):
    """The folder of a model, which is made if a shape with random weights has that name."""
    folder = o.models / name
    if not (folder / "config.json").exists():
        import shapes  # and PyTorch, which the tests do not have

        if name not in shapes.CONFIGS:
            raise Failure(f"{name} is not in {o.models}", f"fetch it: python3 tools/fetch_model.py {name} --out {folder}")
        folder = shapes.made(name, o.made, o.models)
    return str(folder)


def torch_options(cell, wanted=None):
    """The options of those programs of PyTorch that a cell has, by name."""
    has = {"float32", "bfloat16"} if cell.sizes else set(PROGRAMS) if cell.method in cells.ALIGNED else set(PROGRAMS) - {"authors"}
    usual = [name for name in PROGRAMS if "compiled" not in name or cell == cells.COMPILED]
    return {name: PROGRAMS[name] for name in wanted or usual if name in has}


def sides_of(o, cell, folder, stack):
    """Start the programs one after the other and give the sides, and those that did not start with why."""
    sides, left_out = {}, {}
    for precision in o.precision[:1] if cell.method in cells.FULL else o.precision:
        program = stack.enter_context(Mslora(o, cell, folder, o.batches + 1, precision))
        first, *batches = program.batches
        auxiliary = program.auxiliary if cell.method in cells.ALIGNED else None
        sides["mslora" if precision == "float32" else f"mslora {precision}"] = Side(program, program.start(first, auxiliary), batches, auxiliary, math.inf)
    for name, options in torch_options(cell, o.pytorch).items():
        program = stack.enter_context(Torch(o, cell, folder, stack.enter_context(tempfile.TemporaryDirectory()), *options))
        try:
            start = program.start(first, auxiliary)
        except Ended as why:
            left_out[name] = str(why)
            continue
        sides[name] = Side(program, start, batches, auxiliary, o.limit)
        if not cell.sizes and name != "authors":
            sides[name + " sorted"] = Side(program, start, cells.by_length(batches), auxiliary, o.limit)
    return sides, left_out


def ceiling(width, inner, tokens, threads):
    """Floating-point operations a second of one large matrix product of ONNX Runtime."""
    return float(subprocess.check_output([sys.executable, os.path.join(HERE, "ceiling.py"), *map(str, (width, inner, tokens, threads))]))


def shares(side, config, method, peak):
    """The share of the ceiling that mslora's side reached; and those of Go outside ONNX Runtime, of clipping and AdamW."""
    batches = side.batches[: len(side.answers)] + ([side.auxiliary] * len(side.answers) if side.auxiliary else [])
    first, last = side.answers[0], side.answers[-1]
    spent = {part: last[part] - first[part] for part in ("graph", "go", "optimizer")}
    busy = spent["go"] + spent["graph"]
    return {"ceiling": round(sum(products(config, batch, method) for batch in batches) / sum(side.seconds) / peak, 3),
            "go": round(spent["go"] / busy, 4), "optimizer": round(spent["optimizer"] / busy, 4)}


def beginning(o, folder):
    """What every result file says of the texts, the weights and the machine."""
    weights = {path.name: files.sha256(path) for path in sorted(pathlib.Path(folder).glob("*.safetensors"))}
    return {"texts": {"file": o.texts.name, "sha256": files.sha256(o.texts)}, "weights": weights, **machine.describe(), "began": machine.now()}


def compare(o, cell):
    """Time one cell and give its result."""
    folder = folder_of(o, cell.model)
    config = json.loads(pathlib.Path(folder, "config.json").read_bytes())
    threads = cell.threads or o.threads
    result = {"model": cell.model, "method": cell.method, "tokens": cell.tokens, "batch": cell.batch, "threads": threads, "batches": o.batches, "sizes": cell.sizes,
              **beginning(o, folder)}
    energy = machine.Energy()
    with contextlib.ExitStack() as stack:
        sides, result["left_out"] = sides_of(o, cell, folder, stack)
        for i in range(o.batches):
            for side in sides.values():
                side.turn(i, energy)
    result["ended"] = machine.now()
    result["sides"] = {name: side.measured() for name, side in sides.items()}
    batches = next(iter(sides.values())).batches
    texts, tokens = o.batches * cell.batch, sum(len(text["Tokens"]) for batch in batches for text in batch)
    result["tokens_a_text"] = round(tokens / texts, 1)
    result["padded_tokens_a_text"] = {name: round(cells.padded_tokens(dealt) / texts, 1)
                                      for name, dealt in (("as they come", batches), ("sorted", cells.by_length(batches)))}
    peak = ceiling(config["hidden_size"], config["intermediate_size"], tokens // o.batches, threads)  # now that nothing else works
    result["ceiling_flops"] = round(peak)
    for name in sides:
        if name.startswith("mslora"):
            result["sides"][name]["shares"] = shares(sides[name], config, cell.method, peak)
    return result


def keep(o, name, result):
    files.write(o.out / name, (json.dumps(result, indent="\t") + "\n").encode())


def lines(cell, result):
    """What is printed of a cell: a line for each side."""
    for name, side in result["sides"].items():
        yield (f"{str(cell):32s} {name:26s} {side['median_ms']:9.1f} ms {side['texts_a_second']:8.1f} texts/s "
               f"{side['peak_bytes'] / 2**30:6.2f} GiB {side['start_seconds']:6.1f} s to start")
    for name, why in result["left_out"].items():
        yield f"{str(cell):32s} {name:26s} left out: {why}"


def at_least(smallest):
    """A type of arguments."""
    def number(text):
        if not text.isdecimal() or int(text) < smallest:
            raise argparse.ArgumentTypeError(f"{text} is not a number from {smallest} on")
        return int(text)
    return number


def listed(text):
    return text.split(",")


def parser_of(description):
    """The options that every benchmark of steps has."""
    deps = ROOT / ".deps"
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", default=str(ROOT / "bin" / "bench-steps"), help="the Go side")
    parser.add_argument("--models", type=pathlib.Path, default=os.environ.get("MSLORA_MODELS", deps / "models"), help="folder of model folders")
    parser.add_argument("--made", type=pathlib.Path, default=deps / "bench" / "shapes", help="folder for models with random weights (shapes.py)")
    parser.add_argument("--texts", type=pathlib.Path, default=os.environ.get("BENCH_TEXTS", deps / "data" / "reviews" / "train.csv"), help="CSV with text,label")
    parser.add_argument("--out", type=pathlib.Path, default=deps / "bench" / "performance", help="folder for a JSON file of each cell")
    parser.add_argument("--batches", type=at_least(2), default=8, help="steps of each side")
    parser.add_argument("--threads", type=at_least(1), default=len(os.sched_getaffinity(0)))
    return parser


def arguments(words=None):
    parser = parser_of(__doc__)
    parser.add_argument("--limit", type=float, default=60, metavar="SECONDS", help="a side of PyTorch whose steps have taken longer than this makes no more in this cell")
    parser.add_argument("--pytorch", type=listed, metavar="NAME[,…]",
                        help=f"of PyTorch's programs: {', '.join(PROGRAMS)}; unless given, all but the compiled ones, which {cells.COMPILED} alone has")
    parser.add_argument("--precision", type=listed, default=["float32", "int8"] if machine.has_vnni() else ["float32"], metavar="float32[,…]",
                        help="of mslora's sides; float32 comes first")
    parser.add_argument("cells", nargs="*", metavar="MODEL:METHOD[,tokens=N][,batch=N][,threads=N]",
                        help="what to compare; with tokens, texts are joined and cut to that many")
    o = parser.parse_args(words)
    if o.precision[0] != "float32":
        raise Failure(f"--precision {o.precision[0]}: the other sides are compared with float32", "put float32 before the others")
    if unknown := [name for name in o.pytorch or () if name not in PROGRAMS]:
        raise Failure(f"--pytorch {unknown[0]}: there is no such program", "choose from " + ", ".join(PROGRAMS))
    o.cells = [cells.parse(cell) for cell in o.cells] or cells.DEFAULT
    return o


def main():
    o = arguments()
    for cell in o.cells:
        folder_of(o, cell.model)  # before anything is timed
    for cell in o.cells:
        result = compare(o, cell)
        keep(o, cell.file, result)
        print(*lines(cell, result), sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(run(main))
