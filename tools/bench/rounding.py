#!/usr/bin/env python3
"""Relative errors of a pretrained model's products when both factors are rounded as --precision int8 does: x W forward, g W^T backward."""

import argparse
import collections
import csv

import torch
from transformers import AutoModel, AutoTokenizer


def rounded_weight(weight):
    """Whole numbers from -127 to 127 with a scale a column: the largest sum of a pair of rows over 127, see docs/quantize.md."""
    pairs = weight.reshape(-1, 2, weight.shape[1])
    scale = torch.maximum(pairs.clamp(min=0).sum(1).amax(0), (-pairs).clamp(min=0).sum(1).amax(0)) / 127
    return (weight / scale).round().clamp(-127, 127) * scale


def rounded_tokens(x):
    """Whole numbers from -127 to 127 with a scale a token."""
    scale = (x.abs().amax(1, keepdim=True) / 127).clamp(min=1e-30)
    return (x / scale).round() * scale


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", required=True, help="CSV")
    parser.add_argument("--column", type=int, default=1, help="of the texts")
    parser.add_argument("--count", type=int, default=12, help="texts to read")
    parser.add_argument("folder", help="of a pretrained model")
    o = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(o.folder)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    with open(o.texts, newline="", encoding="utf-8") as file:
        texts = [row[o.column] for row in list(csv.reader(file))[1 : o.count + 1]]
    batch = tokenizer(texts, return_tensors="pt", padding=True)
    kept = batch["attention_mask"].bool()
    model = AutoModel.from_pretrained(o.folder, dtype=torch.float32).requires_grad_(False)
    layers = {name: m for name, m in model.named_modules() if isinstance(m, torch.nn.Linear) and "pooler" not in name}
    factors = {}

    def keep(name):
        def hook(_, inputs, output):
            factors["forward", name] = inputs[0].detach()
            output.register_hook(lambda gradient: factors.__setitem__(("backward", name), gradient))

        return hook

    for name, layer in layers.items():
        layer.register_forward_hook(keep(name))
    vectors = model(inputs_embeds=model.get_input_embeddings()(batch["input_ids"]).requires_grad_(), attention_mask=batch["attention_mask"]).last_hidden_state
    last = batch["attention_mask"].sum(1) - 1 if model.config.model_type == "llama" else torch.zeros(len(texts), dtype=int)
    torch.manual_seed(0)
    head = torch.randn(vectors.shape[2], 2) * 0.02
    torch.nn.functional.cross_entropy(vectors[torch.arange(len(texts)), last] @ head, torch.arange(len(texts)) % 2).backward()

    errors = collections.defaultdict(list)
    for (direction, name), x in factors.items():
        weight = layers[name].weight.T if direction == "forward" else layers[name].weight
        x = x[kept]
        exact = x @ weight
        if exact.norm() > 0:
            errors[direction, ".".join(name.split(".")[-2:])].append(((rounded_tokens(x) @ rounded_weight(weight) - exact).norm() / exact.norm()).item())
    print("product: mean of the layers, worst layer")
    for (direction, name), values in sorted(errors.items()):
        print(f"{direction:8s} {name:20s} {100 * sum(values) / len(values):5.1f} % {100 * max(values):5.1f} %")


if __name__ == "__main__":
    main()
