#!/usr/bin/env python3
"""Time training steps of mslora beside PyTorch's, in turns, on the same batches.

The PyTorch side is what most people write: Hugging Face's BERT with SDPA attention on padded batches,
the same LoRA and multi-scale modules, dropout on, torch.optim.AdamW, the same number of threads.
"""

import argparse
import json
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
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

RANK, ALPHA = 8, 32.0
SCALES, SCALE_ALPHA = [1.0, 4, 8, 12, 16, 20, 24, 28], 6.0


class Branch(nn.Module):
    """W x + b + scale * R (S * (L x)): LoRA with S = 1, the multi-scale branch with its scaling vector."""

    def __init__(self, base, rank, scale, scaling=None):
        super().__init__()
        self.base, self.scale = base, scale
        self.down, self.up = nn.Linear(base.in_features, rank, bias=False), nn.Linear(rank, base.out_features, bias=False)
        self.register_buffer("scaling", scaling)

    def forward(self, x):
        low = self.down(x)
        return self.base(x) + self.up(low if self.scaling is None else low * self.scaling) * self.scale


def torch_model(folder, method):
    """The model's shape with random weights; weights do not change the time."""
    config = BertConfig(**json.load(open(os.path.join(folder, "config.json"))))
    config.num_labels, config._attn_implementation = 2, "sdpa"
    model = BertForSequenceClassification(config).train()
    if method != "vanilla":
        for p in model.parameters():
            p.requires_grad_(False)
        for layer in model.bert.encoder.layer:
            attention = layer.attention.self
            attention.query, attention.value = (Branch(m, RANK, ALPHA / RANK) for m in (attention.query, attention.value))
        model.bert.pooler.dense = Branch(model.bert.pooler.dense, len(SCALES), SCALE_ALPHA, torch.tensor(SCALES))
    trained = [p for p in model.parameters() if p.requires_grad]
    return model, torch.optim.AdamW(trained, lr=2e-5, weight_decay=0.0), trained


def padded(batch):
    longest = max(len(e["Tokens"]) for e in batch)
    ids, mask = torch.zeros(len(batch), longest, dtype=torch.long), torch.zeros(len(batch), longest, dtype=torch.long)
    for i, e in enumerate(batch):
        ids[i, : len(e["Tokens"])] = torch.tensor(e["Tokens"])
        mask[i, : len(e["Tokens"])] = 1
    return ids, mask, torch.tensor([e["Label"] for e in batch])


def torch_step(model, optimizer, trained, batch):
    ids, mask, labels = padded(batch)
    loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()


def products(config, batch, method):
    """Floating-point operations of the matrix products that a step needs at least, without padding."""
    d, f, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    lengths = [len(e["Tokens"]) for e in batch]
    tokens, texts = sum(lengths), len(lengths)
    linear = (layers - 1) * tokens * (4 * d * d + 2 * d * f) + tokens * 2 * d * d + texts * (2 * d * d + 2 * d * f)
    attention = (layers - 1) * sum(2 * n * n * d for n in lengths)
    passes = 3 if method == "vanilla" else 2  # forward, gradient of the inputs, gradient of the weights
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
    for _ in range(40):
        begin = time.perf_counter()
        session.run(None, {"x": x})
        times.append(time.perf_counter() - begin)
    return 2 * tokens * width * inner / min(times)


def compare(o, model_name, method):
    folder = os.path.join(o.models, model_name)
    config = json.load(open(os.path.join(folder, "config.json")))
    ours = subprocess.Popen([o.steps, folder, o.texts, method, str(o.batches), str(o.threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    batches = [json.loads(ours.stdout.readline()) for _ in range(o.batches)]
    compared = method != "musclelora"  # its auxiliary batches have no counterpart in a plain loop
    model, optimizer, trained = torch_model(folder, method)
    tokens = int(statistics.mean(sum(len(e["Tokens"]) for e in b) for b in batches))
    peak = ceiling(config["hidden_size"], config["intermediate_size"], tokens, o.threads)
    rows = []
    for batch in batches:
        begin = time.perf_counter()
        if compared:
            torch_step(model, optimizer, trained, batch)
        theirs = time.perf_counter() - begin
        ours.stdin.write("\n")
        ours.stdin.flush()
        answer = json.loads(ours.stdout.readline())
        answer["theirs"] = theirs
        answer["flops"] = products(config, batch, method)
        rows.append(answer)
    dev = batches[-1]
    begin = time.perf_counter()
    with torch.no_grad():
        ids, mask, _ = padded(dev)
        model.eval()
        model(input_ids=ids, attention_mask=mask)
    evaluation = time.perf_counter() - begin
    ours.stdin.write("\n")
    ours.stdin.flush()
    end = json.loads(ours.stdout.readline())
    ours.wait()
    first, rows = rows[0], rows[1:]  # the first step allocates, on both sides
    mine, theirs = sum(r["seconds"] for r in rows), sum(r["theirs"] for r in rows)
    runs = 1 if compared else 2
    share = sum(r["flops"] for r in rows) * runs / mine / peak
    spent = {part: rows[-1][part] - first[part] for part in ("graph", "go", "optimizer")}
    busy = spent["go"] + spent["graph"]
    def number(value, width, digits):
        return f"{value:{width}.{digits}f}" if compared else f"{'-':>{width}s}"
    print(f"{model_name:10s} {method:11s} {number(1e3 * theirs / len(rows), 9, 0)} {1e3 * mine / len(rows):8.0f} {number(theirs / mine, 7, 2)} "
          f"{100 * share:7.0f} % {number((theirs + evaluation) / (mine + end['evaluation']), 7, 2)} {100 * spent['go'] / busy:6.1f} % "
          f"{100 * spent['optimizer'] / busy:8.1f} % {end['peak_bytes'] / 2**30:7.2f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:7.2f}", flush=True)


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", default=os.path.join(root, "bin", "bench-steps"), help="the Go side")
    parser.add_argument("--models", default=os.environ.get("MSLORA_MODELS", os.path.join(root, ".deps", "models")), help="folder of model folders")
    parser.add_argument("--texts", default=os.environ.get("BENCH_TEXTS", os.path.join(root, ".deps", "data", "reviews", "train.csv")), help="CSV with text,label")
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("cells", nargs="*", default=["minilm:lora+mslr", "minilm:musclelora", "bert-base:lora+mslr"], help="MODEL:METHOD to compare")
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    print(f"PyTorch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}, {o.threads} threads, {o.batches} batches of 32 texts of {os.path.basename(o.texts)}")
    print("PyTorch, mslora: ms a step; ratio; share of the matrix-product ceiling; ratio of epoch with evaluation;")
    print("share of Go outside ONNX Runtime, of clipping and AdamW; peak memory of mslora and of PyTorch (GiB)")
    print(f"{'model':10s} {'method':11s} {'PyTorch':>9s} {'mslora':>8s} {'ratio':>7s} {'ceiling':>9s} {'epoch':>7s} {'Go':>8s} {'AdamW':>10s} {'memory':>7s} {'PyTorch':>7s}")
    for cell in o.cells:
        name, method = cell.split(":")
        if not os.path.exists(os.path.join(o.models, name, "config.json")):
            print(f"{name}: SKIPPED, not in {o.models}; `python3 tools/fetch_model.py {name}` fetches it")
            continue
        compare(o, name, method)


if __name__ == "__main__":
    sys.exit(main())
