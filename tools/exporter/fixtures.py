"""Parity fixtures: what PyTorch autograd computes on unmodified, padded Hugging Face models.

LoRA, the multi-scale branch, adapters and prefixes are written here once more, straight from their formulas,
so that the fixtures share no code with the exported graphs. Dropout masks are given, in padded form.

usage: python -m exporter.fixtures FOLDER [FAMILY...]      (in tools/; FOLDER is graphs/testdata)
"""

import math
import os
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from transformers import (BertConfig, BertForSequenceClassification, LlamaConfig, LlamaForSequenceClassification, RobertaConfig,
                          RobertaForSequenceClassification)
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

VOCABULARY, CLASSES, LONGEST = 101, 3, 12
ENCODER = dict(vocab_size=VOCABULARY, hidden_size=36, num_hidden_layers=2, num_attention_heads=3, intermediate_size=50,
               num_labels=CLASSES, hidden_act="gelu", hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1, attn_implementation="eager")
RANK, ALPHA = 4, 8.0
SCALES, BANDWIDTH, SCALE_ALPHA = [1.0, 2.5, 4.0], 2, 3.0
BOTTLENECK, PREFIX = 4, 3
METHODS = ("lora", "lora+mslr", "full", "adapter", "prefix")
STEPS, RATE, CLIP, KEPT = 10, 1e-3, 1.0, (1, 2, 5)


class Bert:
    """A tiny model of a family: where its modules go, and what dropout it has."""

    folder, prefix, padding = "tiny", "bert.", 0
    stored = ""  # before the names in the model file
    config = BertConfig(**ENCODER, max_position_embeddings=20, type_vocab_size=2, layer_norm_eps=1e-12)
    build = BertForSequenceClassification
    head = ("classifier.",)  # beginnings of the names that are in no model file
    penultimate = "pooler.dense"  # has the multi-scale branch

    def projections(self, model):
        """(name, module, attribute) of every query and value projection."""
        for i, layer in enumerate(getattr(model, self.prefix[:-1]).encoder.layer):
            for part in ("query", "value"):
                yield f"encoder.layer.{i}.attention.self.{part}", layer.attention.self, part

    def adapted(self, model):
        """(name of the adapter, module, attribute) of every projection that an adapter stands behind."""
        for i, layer in enumerate(getattr(model, self.prefix[:-1]).encoder.layer):
            yield f"encoder.layer.{i}.attention.output.adapter.", layer.attention.output, "dense"
            yield f"encoder.layer.{i}.output.adapter.", layer.output, "dense"

    def attentions(self, model):
        """(name of the prefix, module, attribute) of every attention."""
        for i, layer in enumerate(getattr(model, self.prefix[:-1]).encoder.layer):
            yield f"encoder.layer.{i}.attention.self.prefix.", layer.attention, "self"

    def prefix_attention(self, base):
        return PrefixAttention(base)

    def penultimate_module(self, model):
        return model.bert.pooler, "dense"

    def masks(self, texts, longest, prefix):
        """Shapes of the dropout masks, padded, in order of use."""
        hidden, heads = self.config.hidden_size, self.config.num_attention_heads
        shapes = {"keep.embeddings": (texts, longest, hidden)}
        for i in range(self.config.num_hidden_layers):
            if prefix:
                shapes[f"keep.layer.{i}.prefix"] = (texts, heads, longest, prefix)
            shapes[f"keep.layer.{i}.attention"] = (texts, heads, longest, longest)
            shapes[f"keep.layer.{i}.attention_output"] = shapes[f"keep.layer.{i}.output"] = (texts, longest, hidden)
        return shapes | self.head_masks(texts)

    def head_masks(self, texts):
        return {"keep.pooled": (texts, self.config.hidden_size)}


class Roberta(Bert):
    folder, prefix, padding = "tiny-roberta", "roberta.", 1
    stored = "roberta."
    config = RobertaConfig(**ENCODER, max_position_embeddings=22, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2)
    build = RobertaForSequenceClassification
    penultimate = "classifier.dense"

    def penultimate_module(self, model):
        return model.classifier, "dense"

    def head_masks(self, texts):
        return {"keep.first": (texts, self.config.hidden_size), "keep.pooled": (texts, self.config.hidden_size)}


class Llama:
    folder, prefix, padding, stored = "tiny-llama", "model.", 0, "model."
    config = LlamaConfig(vocab_size=VOCABULARY, hidden_size=48, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2,
                         intermediate_size=50, max_position_embeddings=20, num_labels=CLASSES, rms_norm_eps=1e-5, pad_token_id=0,
                         bos_token_id=1, eos_token_id=2, rope_theta=500.0, attn_implementation="eager")
    head = ("score.",)
    penultimate = "score.0"

    @staticmethod
    def build(config):
        """Hugging Face takes the last token that is not padding; the head is the paper's."""
        model = LlamaForSequenceClassification(config)
        model.score = nn.Sequential(nn.Linear(config.hidden_size, 16, bias=False), nn.Dropout(0.1), nn.Linear(16, CLASSES, bias=False))
        return model

    def projections(self, model):
        for i, layer in enumerate(model.model.layers):
            for part in ("q_proj", "v_proj"):
                yield f"layers.{i}.self_attn.{part}", layer.self_attn, part

    def adapted(self, model):
        for i, layer in enumerate(model.model.layers):
            yield f"layers.{i}.self_attn.adapter.", layer.self_attn, "o_proj"
            yield f"layers.{i}.mlp.adapter.", layer.mlp, "down_proj"

    def attentions(self, model):
        for i, layer in enumerate(model.model.layers):
            yield f"layers.{i}.self_attn.prefix.", layer, "self_attn"

    def prefix_attention(self, base):
        return LlamaPrefixAttention(base)

    def penultimate_module(self, model):
        return model.score, "0"

    def masks(self, texts, longest, prefix):
        """Hugging Face has the head score every token; all tokens of a text get the same mask."""
        return {"keep.score": (texts, 1, 16)}


FAMILIES = {"bert": Bert(), "roberta": Roberta(), "llama": Llama()}


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

    names = {"down.weight": "W1", "down.bias": "b1", "up.weight": "W2", "up.bias": "b2"}  # in the graph, here

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

    names = {"key": "K", "value": "V"}

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


class LlamaPrefixAttention(nn.Module):
    """The same with rotated q and K, and keys and values that groups of queries share. K' is not rotated."""

    names = PrefixAttention.names

    def __init__(self, base):
        super().__init__()
        self.base = base
        self.K = nn.Parameter(torch.randn(PREFIX, base.k_proj.out_features) * 0.5)
        self.V = nn.Parameter(torch.randn(PREFIX, base.v_proj.out_features) * 0.5)

    def forward(self, hidden_states, position_embeddings, attention_mask=None, **unused):
        base, x = self.base, hidden_states
        heads = lambda y: y.unflatten(-1, (-1, base.head_dim)).transpose(-3, -2)
        shared = lambda prefix, y: torch.cat([heads(prefix).expand(len(x), -1, -1, -1), y], 2).repeat_interleave(base.num_key_value_groups, 1)
        q, k = apply_rotary_pos_emb(heads(base.q_proj(x)), heads(base.k_proj(x)), *position_embeddings)
        k, v = shared(self.K, k), shared(self.V, heads(base.v_proj(x)))
        seen = torch.zeros(*attention_mask.shape[:-1], PREFIX)
        scores = q @ k.transpose(2, 3) / math.sqrt(base.head_dim) + torch.cat([seen, attention_mask], -1)
        return base.o_proj((torch.softmax(scores, -1) @ v).transpose(1, 2).flatten(2)), None


class GivenDropout:
    """Replaces torch's dropout function: each call takes the next given mask."""

    def __init__(self, masks):
        self.masks = iter(masks)

    def __enter__(self):
        self.original = F.dropout
        F.dropout = lambda x, p=0.5, training=True, inplace=False: x * self.next(x, p) if p else x
        return self

    def next(self, x, p):
        mask = next(self.masks)
        assert mask.dim() == x.dim() and mask.expand_as(x).shape == x.shape, (mask.shape, x.shape)
        return mask.float() / (1 - p)

    def __exit__(self, *error):
        F.dropout = self.original
        if error[0] is None:
            assert next(self.masks, None) is None, "a mask was not used"


def reference(family, method):
    """A model with the modules of a method, its weights by the graphs' names, {name in the graph: trained parameter}."""
    torch.manual_seed(1)
    model = family.build(family.config)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.normal_(1.0 if "norm.weight" in name.lower() else 0.0, 0.15)
    parameters = {name.removeprefix(family.prefix): p for name, p in model.named_parameters()}
    weights = {name: p.detach().clone() for name, p in parameters.items()}
    if method == "full":
        return model.train(), weights, parameters
    for p in model.parameters():
        p.requires_grad_(False)
    trained = {}
    head = {name: p.requires_grad_(True) for name, p in parameters.items() if name.startswith(family.head)}
    if method in ("adapter", "prefix"):
        for name, module, part in family.adapted(model) if method == "adapter" else family.attentions(model):
            branch = Adapted(getattr(module, part)) if method == "adapter" else family.prefix_attention(getattr(module, part))
            setattr(module, part, branch)
            trained |= {name + graph: getattr(branch, own) for graph, own in branch.names.items()}
        return model.train(), weights, trained | head
    for name, module, part in family.projections(model):
        branch = LoRA(getattr(module, part))
        setattr(module, part, branch)
        trained[name + ".lora_A.weight"], trained[name + ".lora_B.weight"] = branch.A, branch.B
    if method == "lora+mslr":
        module, part = family.penultimate_module(model)
        branch = MultiScale(getattr(module, part))
        setattr(module, part, branch)
        trained[family.penultimate + ".mslr_L.weight"], trained[family.penultimate + ".mslr_R.weight"] = branch.L, branch.R
    return model.train(), weights, trained | head


def batch(family, texts, seed, prefix=0):
    """Token ids [B, L], lengths [B], labels [B] and dropout masks in padded form, in order of use."""
    g = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, LONGEST + 1, (texts,), generator=g)
    longest = int(lengths.max())
    tokens = torch.randint(family.padding + 1, VOCABULARY, (texts, longest), generator=g)
    tokens = torch.where(torch.arange(longest)[None] < lengths[:, None], tokens, family.padding)
    masks = {name: (torch.rand(shape, generator=g) < 0.9).to(torch.uint8) for name, shape in family.masks(texts, longest, prefix).items()}
    labels = torch.randint(0, CLASSES, (texts,), generator=g)
    return {"tokens": tokens, "lengths": lengths, "labels": labels, **masks}


def padded(b):
    """What the model reads of a batch."""
    attention = (torch.arange(b["tokens"].shape[1])[None] < b["lengths"][:, None]).long()
    return {"input_ids": b["tokens"], "attention_mask": attention}


def forward(model, b):
    """Loss [] and logits [B, C] with the batch's masks. Those of a prefix and of the texts are one in attention."""
    masks, left = [], []
    for name, mask in b.items():
        if name.endswith(".prefix"):
            left = [mask]
        elif name.startswith("keep."):
            masks.append(torch.cat([*left, mask], -1))
            left = []
    with GivenDropout(masks):
        logits = model(**padded(b)).logits
    return F.cross_entropy(logits, b["labels"]), logits


@torch.no_grad()
def evaluate(model, b):
    """Logits [B, C] without dropout."""
    logits = model.eval()(**padded(b)).logits
    model.train()
    return logits


def fixture(family, method):
    """All tensors of a method's fixture by name."""
    model, weights, trained = reference(family, method)
    prefix = PREFIX if method == "prefix" else 0
    out = {"scales": torch.tensor(SCALES)}
    out |= {"initial/" + n: p.detach().clone() for n, p in trained.items()}
    for texts in (5, 32):
        b = batch(family, texts, texts, prefix)
        loss, logits = forward(model, b)
        gradients = torch.autograd.grad(loss, list(trained.values()))
        place = f"batch{texts}/"
        out |= {place + n: v for n, v in b.items()} | {place + "loss": loss.detach()[None], place + "logits": logits.detach()}
        out |= {place + "grad." + n: g for n, g in zip(trained, gradients)}
        out[place + "evaluation"] = evaluate(model, b)
    steps = {step: batch(family, 4, 100 + step, prefix) for step in range(1, STEPS + 1)}
    out |= {f"step{step}/{n}": v for step, b in steps.items() for n, v in b.items()}
    kept = (STEPS,) if method == "full" else (*KEPT, STEPS)  # all weights after each step would be large
    out |= train(model, trained, steps, kept)
    if method.startswith("lora"):
        with torch.no_grad():
            for name, p in trained.items():
                p.copy_(out["initial/" + name])
        modules = {name: p for name, p in trained.items() if name not in weights}
        out |= {"frozen_head/" + n: v for n, v in train(model, modules, steps, kept).items()}
    return {n: v.contiguous() for n, v in out.items()}


def train(model, trained, steps, kept):
    """Losses of training steps, and what is trained after those that are kept."""
    optimizer = torch.optim.AdamW(list(trained.values()), lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / len(steps))
    out, losses = {}, []
    for step, b in steps.items():
        optimizer.zero_grad()
        loss, _ = forward(model, b)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(trained.values()), CLIP)
        optimizer.step()
        schedule.step()
        losses.append(loss.detach())
        if step in kept:
            out |= {f"after{step}/{n}": p.detach().clone() for n, p in trained.items()}
    return out | {"losses": torch.stack(losses)}


def main(folder, *names):
    torch.set_num_threads(1)
    for family in (FAMILIES[name] for name in names or FAMILIES):
        place = os.path.join(folder, family.folder)
        os.makedirs(place, exist_ok=True)
        _, weights, _ = reference(family, "full")
        head = {n: w for n, w in weights.items() if n.startswith(family.head)}
        save_file({family.stored + n: w for n, w in weights.items() if n not in head}, os.path.join(place, "model.safetensors"))
        save_file(head, os.path.join(place, "classifier.safetensors"))
        family.config.to_json_file(os.path.join(place, "config.json"), use_diff=False)
        for method in METHODS:
            save_file(fixture(family, method), os.path.join(place, method + ".parity.safetensors"))


if __name__ == "__main__":
    main(*sys.argv[1:])
