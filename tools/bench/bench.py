#!/usr/bin/env python3
"""Time training steps of mslora beside PyTorch's, in turns, on the same batches.

The PyTorch side is what most people write (plain.py): Hugging Face's models with SDPA attention on padded batches,
the same modules, dropout on, torch.optim.AdamW, the same number of threads.
"""

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

import shapes
from plain import ALIGNED, METHODS, Loop, config_of

CELLS = [*(f"minilm:{method}" for method in METHODS), "minilm:lora+mslr:350", "bert-base:lora+mslr", "bert-base:musclelora", "bert-base:vanilla",
         "roberta-base:lora+mslr", "smollm2-135m:lora+mslr", "smollm2-135m:prefix"]


def products(config, batch, method):
    """Floating-point operations of the matrix products that a step needs at least, without padding."""
    d, f, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    lengths = [len(e["Tokens"]) for e in batch]
    tokens, texts = sum(lengths), len(lengths)
    shared = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    keys = 2 * d * d * shared // config.num_attention_heads  # of keys and values, which groups of heads may share
    feed_forward = (3 if config.model_type == "llama" else 2) * d * f
    linear = (layers - 1) * tokens * (2 * d * d + keys + feed_forward) + tokens * keys + texts * (2 * d * d + feed_forward)
    attention = (layers - 1) * sum(2 * n * n * d for n in lengths)
    passes = 3 if method in ("vanilla", "ga") else 2  # forward, gradient of the inputs, gradient of the weights
    return 2 * passes * linear + 2 * 3 * attention


def ceiling(width, inner, tokens, threads):
    """Floating-point operations per second of one large product in ONNX Runtime, the best of many runs."""
    weight = np.random.randn(width, inner).astype(np.float32)
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["a", "b"])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["a", "c"])], [numpy_helper.from_array(weight, "w")])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.force_spinning_stop", "1")
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    session, x = onnxruntime.InferenceSession(model.SerializeToString(), options), np.random.randn(tokens, width).astype(np.float32)
    times = []
    while sum(times) < 2:
        begin = time.perf_counter()
        session.run(None, {"x": x})
        times.append(time.perf_counter() - begin)
    return 2 * tokens * width * inner / min(times)


def compare(o, name, method, words):
    """Time one cell and print its line."""
    folder = shapes.made(name, o.made, o.models) if name in shapes.CONFIGS else os.path.join(o.models, name)
    if not os.path.exists(os.path.join(folder, "config.json")):
        print(f"{name}: SKIPPED, not in {o.models}; `python3 tools/fetch_model.py {name}` fetches it")
        return
    torch.set_num_threads(o.threads)
    config = config_of(folder)
    ours = subprocess.Popen([o.steps, folder, o.texts, method, str(o.batches), str(o.threads), str(words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    batches = [json.loads(ours.stdout.readline()) for _ in range(o.batches)]
    auxiliary = json.loads(ours.stdout.readline())  # also the dev texts
    loop = Loop(config, method)
    tokens = int(statistics.mean(sum(len(e["Tokens"]) for e in b) for b in batches))
    rows = []
    for batch in batches:
        begin = time.perf_counter()
        loop.step(batch, auxiliary if method in ALIGNED else None)
        theirs = time.perf_counter() - begin
        ours.stdin.write("\n")
        ours.stdin.flush()
        answer = json.loads(ours.stdout.readline())
        answer["theirs"] = theirs
        answer["flops"] = products(config, batch, method) + (products(config, auxiliary, method) if method in ALIGNED else 0)
        rows.append(answer)
    begin = time.perf_counter()
    loop.evaluate(auxiliary)
    evaluation = time.perf_counter() - begin
    ours.stdin.write("\n")
    ours.stdin.flush()
    end = json.loads(ours.stdout.readline())
    ours.wait()
    peak = ceiling(config.hidden_size, config.intermediate_size, tokens, o.threads)  # when nothing else works any more
    first, rows = rows[0], rows[1:]  # the first step allocates, on both sides
    mine, theirs = sum(r["seconds"] for r in rows), sum(r["theirs"] for r in rows)
    share = sum(r["flops"] for r in rows) / mine / peak
    spent = {part: rows[-1][part] - first[part] for part in ("graph", "go", "optimizer")}
    busy = spent["go"] + spent["graph"]
    print(f"{name:12s} {method:10s} {tokens / len(batches[0]):7.0f} {1e3 * theirs / len(rows):8.0f} {1e3 * mine / len(rows):7.0f} {theirs / mine:6.2f} "
          f"{100 * share:7.0f} % {(theirs + evaluation) / (mine + end['evaluation']):6.2f} {100 * spent['go'] / busy:5.1f} % "
          f"{100 * spent['optimizer'] / busy:6.1f} % {end['peak_bytes'] / 2**30:7.2f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:8.2f}", flush=True)


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    deps = os.path.join(root, ".deps")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", default=os.path.join(root, "bin", "bench-steps"), help="the Go side")
    parser.add_argument("--models", default=os.environ.get("MSLORA_MODELS", os.path.join(deps, "models")), help="folder of model folders")
    parser.add_argument("--made", default=os.path.join(deps, "bench", "shapes"), help="folder for models with random weights: " + ", ".join(shapes.CONFIGS))
    parser.add_argument("--texts", default=os.environ.get("BENCH_TEXTS", os.path.join(deps, "data", "reviews", "train.csv")), help="CSV with text,label")
    parser.add_argument("--batches", type=int, default=10)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("cells", nargs="*", default=CELLS, metavar="MODEL:METHOD[:WORDS]",
                        help="what to compare; with WORDS, texts are joined until they have that many words")
    o = parser.parse_args()
    print(f"PyTorch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}, {o.threads} threads, {o.batches} batches of 32 texts of {os.path.basename(o.texts)}")
    print("tokens a text; PyTorch, mslora: ms a step; ratio; share of the matrix-product ceiling; ratio of epoch with evaluation;")
    print("share of Go outside ONNX Runtime, of clipping and AdamW; peak memory of mslora and of PyTorch (GiB)")
    print(f"{'model':12s} {'method':10s} {'tokens':>7s} {'PyTorch':>8s} {'mslora':>7s} {'ratio':>6s} {'ceiling':>9s} {'epoch':>6s} {'Go':>7s} {'AdamW':>8s} {'memory':>7s} {'PyTorch':>8s}", flush=True)
    fresh = multiprocessing.get_context("spawn")  # a process for each cell, whose peak memory is its own
    for cell in o.cells:
        name, method, words = (cell + ":0").split(":")[:3]
        process = fresh.Process(target=compare, args=(o, name, method, int(words)))
        process.start()
        process.join()
        if process.exitcode:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
