"""What a user of PyTorch writes: Hugging Face's models on padded batches with SDPA attention, dropout on, and the modules of each method,
in float32 or with bfloat16 autocast, compiled or not. Prefixes and adapters are the least code that does the job.
"""

import json
import os

import torch
import torch.nn.functional as F
from torch import nn
from transformers import (BertConfig, BertForSequenceClassification, LlamaConfig, LlamaForSequenceClassification, RobertaConfig,
                          RobertaForSequenceClassification)
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

CLASSES, PREFIX, BOTTLENECK = 2, 8, 8
FAMILIES = {
    "bert": (BertConfig, BertForSequenceClassification),
    "roberta": (RobertaConfig, RobertaForSequenceClassification),
    "llama": (LlamaConfig, LlamaForSequenceClassification),
}
# Rank, alpha, scaling vector S and its alpha, as the presets of mslora have them.
MODULES = {"bert": (8, 32, [1.0, 4, 8, 12, 16, 20, 24, 28], 6), "roberta": (8, 32, [1.0, 2, 4, 6, 8, 10, 12, 14, 16], 6), "llama": (2, 8, [1.0, 2, 3, 4], 4)}


def config_of(folder):
    """The configuration that a model's folder holds."""
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        values = json.load(file)
    config = FAMILIES[values["model_type"]][0](**values)
    config.num_labels, config._attn_implementation = CLASSES, "sdpa"
    config.problem_type = "single_label_classification"  # else the first call sets it, and a compiled model is compiled again
    config.pad_token_id = config.pad_token_id or 0
    return config


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


class Adapted(nn.Module):
    """h + W2 GELU(W1 h + b1) + b2 of h = W x + b."""

    def __init__(self, base):
        super().__init__()
        self.base = base
        self.down, self.up = nn.Linear(base.out_features, BOTTLENECK), nn.Linear(BOTTLENECK, base.out_features)

    def forward(self, x):
        h = self.base(x)
        return h + self.up(F.gelu(self.down(h)))


class Prefixed(nn.Module):
    """Attention with learned keys and values before those of the texts."""

    def __init__(self, base, heads, groups, width, causal):
        super().__init__()
        self.base, self.heads, self.groups, self.width, self.causal = base, heads, groups, width, causal
        self.K, self.V = (nn.Parameter(torch.randn(PREFIX, groups * width)) for _ in "KV")

    def split(self, y):
        return y.unflatten(-1, (-1, self.width)).transpose(1, 2)

    def forward(self, hidden_states, attention_mask=None, position_embeddings=None, **unused):
        base, x = self.base, hidden_states
        names = ("q_proj", "k_proj", "v_proj") if self.causal else ("query", "key", "value")
        q, k, v = (self.split(getattr(base, name)(x)) for name in names)
        if position_embeddings is not None:
            q, k = apply_rotary_pos_emb(q, k, *position_embeddings)
        k, v = (torch.cat([self.split(p.expand(len(x), -1, -1)), y], 2) for p, y in ((self.K, k), (self.V, v)))
        length = x.shape[1]
        if attention_mask is None and self.causal:
            attention_mask = torch.ones(1, 1, length, length, dtype=torch.bool).tril()
        if attention_mask is not None:
            attention_mask = F.pad(attention_mask.expand(-1, -1, length, -1), (PREFIX, 0), value=attention_mask.dtype == torch.bool)
        dropout = 0.1 if self.training and not self.causal else 0.0
        out = F.scaled_dot_product_attention(q, k, v, attention_mask, dropout, enable_gqa=self.heads != self.groups)
        out = out.transpose(1, 2).flatten(2)
        return (base.o_proj(out) if self.causal else out), None


def model_of(config, method, folder=None):
    """The model with the modules of a method, and what is trained. Without a folder its weights are random."""
    family = FAMILIES[config.model_type][1]
    model = (family.from_pretrained(folder, config=config, dtype=torch.float32) if folder else family(config)).train()
    llama = config.model_type == "llama"
    if llama:
        model.score = nn.Sequential(nn.Linear(config.hidden_size, 16, bias=False), nn.Dropout(0.1), nn.Linear(16, CLASSES, bias=False))
    if method not in ("vanilla", "ga"):
        for p in model.parameters():
            p.requires_grad_(False)
        insert(model, config, method)
        if method in ("adapter", "prefix"):
            (model.score if llama else model.classifier).requires_grad_(True)
    return model, [p for p in model.parameters() if p.requires_grad]


def insert(model, config, method):
    llama = config.model_type == "llama"
    layers = model.base_model.layers if llama else model.base_model.encoder.layer
    rank, alpha, scales, scale_alpha = MODULES[config.model_type]
    for layer in layers:
        attention = layer.self_attn if llama else layer.attention.self
        if method == "adapter":
            outputs = ((layer.self_attn, "o_proj"), (layer.mlp, "down_proj")) if llama else ((layer.attention.output, "dense"), (layer.output, "dense"))
            for module, part in outputs:
                setattr(module, part, Adapted(getattr(module, part)))
        elif method == "prefix":
            heads = config.num_attention_heads
            groups = config.num_key_value_heads if llama else heads
            prefixed = Prefixed(attention, heads, groups, config.hidden_size // heads, llama)
            setattr(*((layer, "self_attn") if llama else (layer.attention, "self")), prefixed)
        else:
            for part in ("q_proj", "v_proj") if llama else ("query", "value"):
                setattr(attention, part, Branch(getattr(attention, part), rank, alpha / rank))
    if method in ("lora+mslr", "musclelora"):
        module, part = {"bert": lambda: (model.base_model.pooler, "dense"), "roberta": lambda: (model.classifier, "dense"),
                        "llama": lambda: (model.score, "0")}[config.model_type]()
        setattr(module, part, Branch(getattr(module, part), len(scales), scale_alpha, torch.tensor(scales)))


def padded(batch, padding):
    """Ids and mask [B, L] and labels [B] of examples as mslora prints them."""
    longest = max(len(e["Tokens"]) for e in batch)
    ids, mask = torch.full((len(batch), longest), padding), torch.zeros(len(batch), longest, dtype=torch.long)
    for i, e in enumerate(batch):
        ids[i, : len(e["Tokens"])] = torch.tensor(e["Tokens"])
        mask[i, : len(e["Tokens"])] = 1
    return {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor([e["Label"] for e in batch])}


class Loop:
    """A training loop; with an auxiliary batch, gradients are aligned to its gradients, tensor by tensor (Eq. 7)."""

    def __init__(self, config, method, folder=None, precision="float32", compiled=False):
        self.model, self.trained = model_of(config, method, folder)
        self.call = torch.compile(self.model, dynamic=True) if compiled else self.model
        self.autocast = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")
        self.optimizer = torch.optim.AdamW(self.trained, lr=2e-5, weight_decay=0.0)
        self.padding = config.pad_token_id

    def loss(self, batch):
        with self.autocast:
            return self.call(**padded(batch, self.padding)).loss

    def backward(self, batch, auxiliary):
        """Leave the step's gradients in the tensors."""
        self.optimizer.zero_grad()
        self.loss(batch).backward()
        if auxiliary is None:
            return
        clean = torch.autograd.grad(self.loss(auxiliary), self.trained, allow_unused=True)
        for p, c in zip(self.trained, clean):
            if c is not None and p.grad is not None:
                norm = c.square().sum()
                if norm > 0:
                    p.grad.copy_((p.grad * c).sum().abs() / norm * c)

    def step(self, batch, auxiliary=None):
        self.backward(batch, auxiliary)
        nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()
