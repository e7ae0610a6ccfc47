#!/usr/bin/env python3
"""Export the graphs of one or of all architectures, or check the committed ones.

usage: export_graphs.py --all | --check [--only GRAPH]
       export_graphs.py --config MODEL/config.json --out FOLDER

--all writes every graph that comes with the program and the tests' tiny ones; --check exports them to a
temporary folder and compares byte for byte; with --only classify, for one, they take no other graphs. --config
exports the graphs of one model of Hugging Face, whose config.json gives family and sizes, to
FOLDER/FAMILY-LAYERSxHIDDEN, which `mslora run --graphs FOLDER` reads.
"""

import argparse
import filecmp
import json
import multiprocessing
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
GRAPHS = os.path.join(os.path.dirname(HERE), "graphs")
sys.path.insert(0, HERE)
from exporter import bert, gpt2, llama, roberta
from exporter.contract import CAUSAL, EVALUATIONS, METHODS, evaluates
from exporter.manifest import describe
from exporter.trace import export

FAMILIES = {a.family: a for a in (bert.Architecture, roberta.Architecture, llama.Architecture, gpt2.Architecture)}
ALL = METHODS + EVALUATIONS + (CAUSAL,)
SHIPPED = [
    bert.Architecture(layers=6, hidden=384, heads=12, intermediate=1536),  # MiniLM
    bert.Architecture(layers=12, hidden=384, heads=12, intermediate=1536),  # bge-small
    bert.Architecture(layers=12, hidden=768, heads=12, intermediate=3072),  # BERT-base
    bert.Architecture(layers=24, hidden=1024, heads=16, intermediate=4096),  # BERT-large
    roberta.Architecture(layers=12, hidden=768, heads=12, intermediate=3072),  # RoBERTa-base
    roberta.Architecture(layers=24, hidden=1024, heads=16, intermediate=4096),  # RoBERTa-large
    llama.Architecture(layers=30, hidden=576, heads=9, intermediate=1536, key_value_heads=3, theta=100000.0),  # SmolLM2-135M
    llama.Architecture(layers=32, hidden=4096, heads=32, intermediate=11008, key_value_heads=32),  # Llama-2-7B
    gpt2.Architecture(layers=12, hidden=768, heads=12, intermediate=3072),  # GPT-2
]
TINY = {
    "tiny": bert.Architecture(layers=2, hidden=36, heads=3, intermediate=50),
    "tiny-roberta": roberta.Architecture(layers=2, hidden=36, heads=3, intermediate=50),
    "tiny-llama": llama.Architecture(layers=2, hidden=48, heads=6, intermediate=50, key_value_heads=2, theta=500.0),
    "tiny-gpt2": gpt2.Architecture(layers=2, hidden=36, heads=3, intermediate=50),
}


def write(work, methods):
    """Write graphs with their manifests of each (architecture, folder), as many at once as there are cores."""
    jobs = [(a, method, folder) for a, folder in work for method in methods if method in a.graphs]
    # A spawned process inherits no threads of PyTorch's, which a forked one would wait for in vain.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        for line in pool.map(write_one, *zip(*jobs)):
            print(line, flush=True)


def write_one(a, method, folder):
    """Write one graph and its manifest, each under a temporary name first."""
    graph, contract = export(a, method)
    os.makedirs(folder, exist_ok=True)
    base = os.path.join(folder, method if evaluates(method) else method + ".train")
    for path, data in ((base + ".onnx", graph), (base + ".json", describe(a, method, contract, graph).encode())):
        with open(path + ".tmp", "wb") as file:
            file.write(data)
        os.replace(path + ".tmp", path)
    return f"{base}.onnx: {len(graph)} bytes"


def shipped(root):
    """Give (architecture, folder below root) of everything that is committed."""
    return [(a, os.path.join(root, "topologies", a.name)) for a in SHIPPED] + [(a, os.path.join(root, "testdata", name)) for name, a in TINY.items()]


def check(methods):
    """Export everything again and name the files that differ from the committed ones."""
    different = []
    with tempfile.TemporaryDirectory() as root:
        write(shipped(root), methods)
        for (_, fresh), (_, committed) in zip(shipped(root), shipped(GRAPHS)):
            for name in sorted(os.listdir(fresh) if os.path.exists(fresh) else ()):
                path = os.path.join(committed, name)
                if not os.path.exists(path) or not filecmp.cmp(os.path.join(fresh, name), path, shallow=False):
                    different.append(os.path.relpath(path, os.path.dirname(GRAPHS)))
    for path in different:
        print(f"error: {path} is not what the exporter makes", file=sys.stderr)
    if different:
        print("hint: `make graphs` writes them anew", file=sys.stderr)
        return 1
    print("all committed graphs are what the exporter makes" if len(methods) > 1 else f"all committed graphs {methods[0]} are what the exporter makes")
    return 0


def architecture(path):
    """The architecture that a config.json describes."""
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    family = config.get("model_type")
    if family not in FAMILIES:
        raise ValueError(f"model_type is {family!r}, expected one of {', '.join(FAMILIES)}")
    a = FAMILIES[family].read(config)
    if a.hidden % a.heads:
        raise ValueError(f"hidden_size {a.hidden} is no multiple of num_attention_heads {a.heads}")
    return a


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="write every committed graph")
    parser.add_argument("--check", action="store_true", help="compare every committed graph with a fresh export")
    parser.add_argument("--only", choices=ALL, help="take this graph of each architecture alone")
    parser.add_argument("--config", help="config.json of the model to export graphs for")
    parser.add_argument("--out", help="folder for its graphs")
    o = parser.parse_args(arguments)
    methods = (o.only,) if o.only else ALL
    if o.check:
        return check(methods)
    if o.all:
        write(shipped(GRAPHS), methods)
        return 0
    if None in (o.config, o.out):
        parser.error("give --all, --check, or --config and --out")
    try:
        a = architecture(o.config)
    except (OSError, ValueError, KeyError) as problem:
        parser.error(f"--config {o.config}: {problem}")
    write([(a, os.path.join(o.out, a.name))], methods)
    return 0


if __name__ == "__main__":
    sys.exit(main())
