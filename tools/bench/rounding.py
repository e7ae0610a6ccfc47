#!/usr/bin/env python3
"""Relative errors of a pretrained model's products when both factors are rounded as --precision int8 does: x W forward, g W^T backward."""

import collections
import os
import pathlib
import sys

import torch
from transformers import AutoModel, AutoTokenizer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import record

COLUMNS = {"model": "", "direction": "", "product": "", "mean of the layers, %": ".1f", "worst layer, %": ".1f"}


def rounded_weight(weight):
    """Whole numbers from -127 to 127 with a scale a column: the largest sum of a pair of rows over 127, see docs/quantize.md."""
    pairs = weight.reshape(-1, 2, weight.shape[1])
    scale = torch.maximum(pairs.clamp(min=0).sum(1).amax(0), (-pairs).clamp(min=0).sum(1).amax(0)) / 127
    return (weight / scale).round().clamp(-127, 127) * scale


def rounded_tokens(x):
    """Whole numbers from -127 to 127 with a scale a token."""
    scale = (x.abs().amax(1, keepdim=True) / 127).clamp(min=1e-30)
    return (x / scale).round() * scale


def measure(folder, texts, kept):
    """Keep a row for each product of a model and each direction."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    batch = tokenizer(texts, return_tensors="pt", padding=True)
    attended = batch["attention_mask"].bool()
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).requires_grad_(False)
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
        x = x[attended]
        exact = x @ weight
        if exact.norm() > 0:
            errors[direction, ".".join(name.split(".")[-2:])].append(((rounded_tokens(x) @ rounded_weight(weight) - exact).norm() / exact.norm()).item())
    for (direction, name), values in sorted(errors.items(), reverse=True):
        kept.add(os.path.basename(folder), direction, name, 100 * sum(values) / len(values), 100 * max(values))


def main():
    parser = record.parser_of(__doc__)
    parser.add_argument("--texts", default=record.REVIEWS / "train.csv", help="CSV")
    parser.add_argument("--text-column", default="text")
    parser.add_argument("--count", type=int, default=12, help="texts to read")
    parser.add_argument("model", nargs="*", default=["bge-small", "smollm2-135m"], help="names of models")
    o = parser.parse_args()
    texts = record.texts(o.texts, o.text_column)[: o.count]
    kept = record.Record(COLUMNS)
    for model in o.model:
        measure(os.path.join(o.models, model), texts, kept)
    kept.keep(o.out)


if __name__ == "__main__":
    main()
