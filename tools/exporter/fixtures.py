"""Parity fixtures: what PyTorch autograd computes on an unmodified, padded Hugging Face BERT.

LoRA, the multi-scale branch, adapters and prefixes are written here once more, straight from their formulas,
so that the fixtures share no code with the exported graphs. Dropout masks are given, in padded form.

usage: python -m exporter.fixtures FOLDER      (in tools/; `make fixtures`)
"""

import math
import os
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

VOCABULARY, POSITIONS, CLASSES = 101, 20, 3
CONFIG = dict(vocab_size=VOCABULARY, hidden_size=36, num_hidden_layers=2, num_attention_heads=3, intermediate_size=50,
              max_position_embeddings=POSITIONS, type_vocab_size=2, num_labels=CLASSES, hidden_act="gelu",
              hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1, layer_norm_eps=1e-12, attn_implementation="eager")
RANK, ALPHA = 4, 8.0
SCALES, BANDWIDTH, SCALE_ALPHA = [1.0, 2.5, 4.0], 2, 3.0
BOTTLENECK, PREFIX = 4, 3
METHODS = ("lora", "lora+mslr", "full", "adapter", "prefix")
STEPS, RATE, CLIP, KEPT = 10, 1e-3, 1.0, (1, 2, 5)


class LoRA(nn.Module):
    """W x + b + alpha/r B A x."""

    def __init__(self, base):
        super().__init__()
        self.base = base
        self.A = nn.Parameter(torch.randn(RANK, base.in_features) * 0.2)
        self.B = nn.Parameter(torch.randn(base.out_features, RANK) * 0.2)

    def forward(self, x):
        return self.base(x) + (ALPHA / RANK) * (x @ self.A.T @ self.B.T)


class MultiScale(nn.Module):
    """W x + b + alpha/r R (L * S) x, the rows of L scaled by S."""

    def __init__(self, base):
        super().__init__()
        self.base = base
        self.S = torch.tensor(SCALES).repeat_interleave(BANDWIDTH)
        self.L = nn.Parameter(torch.randn(len(self.S), base.in_features) * 0.1)
        self.R = nn.Parameter(torch.randn(base.out_features, len(self.S)) * 0.1)

    def forward(self, x):
        return self.base(x) + (SCALE_ALPHA / BANDWIDTH) * (x @ (self.L * self.S[:, None]).T @ self.R.T)


class Adapted(nn.Module):
    """h + W2 GELU(W1 h + b1) + b2 of h = W x + b, GELU(z) = z Phi(z)."""

    def __init__(self, base):
        super().__init__()
        self.base = base
        self.W1 = nn.Parameter(torch.randn(BOTTLENECK, base.out_features) * 0.2)
        self.b1 = nn.Parameter(torch.randn(BOTTLENECK) * 0.2)
        self.W2 = nn.Parameter(torch.randn(base.out_features, BOTTLENECK) * 0.2)
        self.b2 = nn.Parameter(torch.randn(base.out_features) * 0.2)

    def forward(self, x):
        h = self.base(x)
        z = h @ self.W1.T + self.b1
        return h + (z * 0.5 * (1 + torch.erf(z / math.sqrt(2)))) @ self.W2.T + self.b2


class PrefixAttention(nn.Module):
    """softmax(q [K'; K]^T / sqrt(e) + mask) [V'; V] in each head, with learned K' and V' that no mask hides."""

    def __init__(self, base):
        super().__init__()
        self.base = base
        self.K = nn.Parameter(torch.randn(PREFIX, base.all_head_size) * 0.5)
        self.V = nn.Parameter(torch.randn(PREFIX, base.all_head_size) * 0.5)

    def forward(self, x, attention_mask=None, **unused):
        heads = lambda y: y.unflatten(-1, (self.base.num_attention_heads, -1)).transpose(1, 2)
        before = lambda prefix, y: torch.cat([prefix.expand(len(x), -1, -1), y], 1)
        q, k, v = self.base.query(x), before(self.K, self.base.key(x)), before(self.V, self.base.value(x))
        scores = heads(q) @ heads(k).transpose(2, 3) / math.sqrt(self.base.attention_head_size)
        if attention_mask is not None:
            seen = torch.zeros(*attention_mask.shape[:-1], PREFIX)
            scores = scores + torch.cat([seen, attention_mask], -1)
        kept = F.dropout(torch.softmax(scores, -1), 0.1, self.training)
        return (kept @ heads(v)).transpose(1, 2).flatten(2), None


class GivenDropout:
    """Replaces torch's dropout function: each call takes the next given mask."""

    def __init__(self, masks):
        self.masks = iter(masks)

    def __enter__(self):
        self.original = F.dropout
        F.dropout = lambda x, p=0.5, training=True, inplace=False: x * self.next(x, p)
        return self

    def next(self, x, p):
        mask = next(self.masks)
        assert mask.shape == x.shape, (mask.shape, x.shape)
        return mask.float() / (1 - p)

    def __exit__(self, *error):
        F.dropout = self.original
        if error[0] is None:
            assert next(self.masks, None) is None, "a mask was not used"


def reference(method):
    """A model with the modules of a method; gives it and {name in the graph: trained parameter}."""
    torch.manual_seed(1)
    model = BertForSequenceClassification(BertConfig(**CONFIG))
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.normal_(1.0 if "LayerNorm.weight" in name else 0.0, 0.15)
    weights = {name.removeprefix("bert."): p.detach().clone() for name, p in model.named_parameters()}
    if method == "full":
        return model.train(), weights, {name.removeprefix("bert."): p for name, p in model.named_parameters()}
    for p in model.parameters():
        p.requires_grad_(False)
    trained = {}
    if method in ("adapter", "prefix"):
        for i, layer in enumerate(model.bert.encoder.layer):
            trained |= (adapt if method == "adapter" else prepend)(layer, f"encoder.layer.{i}.")
        for name, p in model.classifier.named_parameters(prefix="classifier"):
            trained[name] = p.requires_grad_(True)
        return model.train(), weights, trained
    for i, layer in enumerate(model.bert.encoder.layer):
        attention = layer.attention.self
        for part in ("query", "value"):
            module = LoRA(getattr(attention, part))
            setattr(attention, part, module)
            name = f"encoder.layer.{i}.attention.self.{part}."
            trained[name + "lora_A.weight"], trained[name + "lora_B.weight"] = module.A, module.B
    if method == "lora+mslr":
        module = model.bert.pooler.dense = MultiScale(model.bert.pooler.dense)
        trained["pooler.dense.mslr_L.weight"], trained["pooler.dense.mslr_R.weight"] = module.L, module.R
    return model.train(), weights, trained


def adapt(layer, place):
    """Put adapters behind both projections of a layer; gives their parameters by the graph's names."""
    trained = {}
    for name, part in (("attention.output", layer.attention.output), ("output", layer.output)):
        part.dense = Adapted(part.dense)
        for graph, own in (("down.weight", "W1"), ("down.bias", "b1"), ("up.weight", "W2"), ("up.bias", "b2")):
            trained[f"{place}{name}.adapter.{graph}"] = getattr(part.dense, own)
    return trained


def prepend(layer, place):
    """Put a prefix before the keys and values of a layer; gives its parameters by the graph's names."""
    attention = layer.attention.self = PrefixAttention(layer.attention.self)
    return {place + "attention.self.prefix.key": attention.K, place + "attention.self.prefix.value": attention.V}


def batch(texts, seed, prefix=0):
    """Token ids [B, L], lengths [B], labels [B] and dropout masks in padded form, in order of use."""
    g = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, 13, (texts,), generator=g)
    longest, hidden, heads = int(lengths.max()), CONFIG["hidden_size"], CONFIG["num_attention_heads"]
    tokens = torch.randint(1, VOCABULARY, (texts, longest), generator=g) * (torch.arange(longest)[None] < lengths[:, None])
    shapes = {"keep.embeddings": (texts, longest, hidden)}
    for i in range(CONFIG["num_hidden_layers"]):
        if prefix:
            shapes[f"keep.layer.{i}.prefix"] = (texts, heads, longest, prefix)
        shapes[f"keep.layer.{i}.attention"] = (texts, heads, longest, longest)
        shapes[f"keep.layer.{i}.attention_output"] = shapes[f"keep.layer.{i}.output"] = (texts, longest, hidden)
    shapes["keep.pooled"] = (texts, hidden)
    masks = {name: (torch.rand(shape, generator=g) < 0.9).to(torch.uint8) for name, shape in shapes.items()}
    labels = torch.randint(0, CLASSES, (texts,), generator=g)
    return {"tokens": tokens, "lengths": lengths, "labels": labels, **masks}


def forward(model, b):
    """Loss [] and logits [B, C] with the batch's masks. Those of a prefix and of the texts are one in attention."""
    attention = (torch.arange(b["tokens"].shape[1])[None] < b["lengths"][:, None]).long()
    masks, left = [], []
    for name, mask in b.items():
        if name.endswith(".prefix"):
            left = [mask]
        elif name.startswith("keep."):
            masks.append(torch.cat([*left, mask], -1))
            left = []
    with GivenDropout(masks):
        logits = model(input_ids=b["tokens"], attention_mask=attention).logits
    return F.cross_entropy(logits, b["labels"]), logits


def fixture(method):
    """All tensors of a method's fixture by name."""
    model, _, trained = reference(method)
    prefix = PREFIX if method == "prefix" else 0
    out = {"scales": torch.tensor(SCALES)}
    out |= {"initial/" + n: p.detach().clone() for n, p in trained.items()}
    for texts in (5, 32):
        b = batch(texts, texts, prefix)
        loss, logits = forward(model, b)
        gradients = torch.autograd.grad(loss, list(trained.values()))
        place = f"batch{texts}/"
        out |= {place + n: v for n, v in b.items()} | {place + "loss": loss.detach()[None], place + "logits": logits.detach()}
        out |= {place + "grad." + n: g for n, g in zip(trained, gradients)}
    optimizer = torch.optim.AdamW(list(trained.values()), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / STEPS)
    losses = []
    for step in range(1, STEPS + 1):
        b = batch(4, 100 + step, prefix)
        optimizer.zero_grad()
        loss, _ = forward(model, b)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(trained.values()), CLIP)
        optimizer.step()
        schedule.step()
        losses.append(loss.detach())
        out |= {f"step{step}/{n}": v for n, v in b.items()}
        if step == STEPS or (step in KEPT and method != "full"):  # all weights after each step would be large
            out |= {f"after{step}/{n}": p.detach().clone() for n, p in trained.items()}
    out["losses"] = torch.stack(losses)
    return {n: v.contiguous() for n, v in out.items()}


def main(folder):
    torch.set_num_threads(1)
    _, weights, _ = reference("full")
    save_file({n: w for n, w in weights.items() if not n.startswith("classifier.")}, os.path.join(folder, "model.safetensors"))
    save_file({n: w for n, w in weights.items() if n.startswith("classifier.")}, os.path.join(folder, "classifier.safetensors"))
    for method in METHODS:
        save_file(fixture(method), os.path.join(folder, method + ".parity.safetensors"))


if __name__ == "__main__":
    main(*sys.argv[1:])
