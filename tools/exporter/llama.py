"""Llama with a classification head over row-packed batches. Parameter names are Hugging Face's.

The model is causal, and its last token stands for a text.
"""

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from . import architecture
from .attention import Attend, FromHeads, TakeAsking, ToHeads, take
from .contract import CAUSAL, EVALUATIONS, METHODS
from .layout import Layout, Tree, log_probabilities
from .modules import Adapter, Linear, Prefix
from .padded_llama import PaddedLlama

HEAD = 16  # width between the two layers of the head


@dataclass(frozen=True)
class Architecture(architecture.Architecture):
    epsilon: float = 1e-5
    key_value_heads: int = 0  # each serves heads / key_value_heads queries
    theta: float = 10000.0  # base of the rotary frequencies

    graphs = METHODS + EVALUATIONS + (CAUSAL,)
    family = "llama"
    tables = ("embed_tokens.weight",)
    head = {"score.0.weight": "normal", "score.2.weight": "normal"}
    open_shapes = {"embed_tokens.weight": ["V", None], "score.2.weight": ["C", None], "lm_head.weight": ["V", None]}

    @classmethod
    def read(cls, config):
        rotary = config.get("rope_parameters") or {}
        return cls(config["num_hidden_layers"], config["hidden_size"], config["num_attention_heads"], config["intermediate_size"],
                   config.get("rms_norm_eps", 1e-6), key_value_heads=config.get("num_key_value_heads") or config["num_attention_heads"],
                   theta=float(rotary.get("rope_theta") or config.get("rope_theta") or 10000.0))

    @property
    def width(self):
        return self.hidden // self.heads

    def rotary_frequencies(self):
        """Give the frequencies [e/2] in float64, to be rounded once: in float32 a power differs in its last bit from
        processor to processor, and the graphs would with it."""
        return [self.theta ** -(i / self.width) for i in range(0, self.width, 2)]

    def fixed_sizes(self):
        keys = self.key_value_heads
        return super().fixed_sizes() | {keys, self.heads // keys, keys * self.width, self.width // 2, HEAD}

    def description(self):
        return {"key_value_heads": self.key_value_heads, "rope_theta": self.theta}

    def classifier(self, vocabulary, positions, classes, lora_rank, scale_rank):
        return Classifier(self, vocabulary, classes, lora_rank, scale_rank)

    def language_model(self, vocabulary, positions):
        return LanguageModel(self, vocabulary)

    def embed(self, tables, run):
        return tables[0][run.input_ids]

    def keep_masks(self):
        return [("keep.score", ["B", HEAD])]

    def padded(self, graph):
        return PaddedLlama(self, graph).logits()


class NormFunction(torch.autograd.Function):
    """x / sqrt(mean(x^2) + epsilon) * weight over the last axis."""

    @staticmethod
    def forward(ctx, x, weight, epsilon):
        scale = torch.rsqrt((x * x).mean(-1, keepdim=True) + epsilon)
        normal = x * scale
        ctx.save_for_backward(normal, scale, weight)
        return normal * weight

    @staticmethod
    def backward(ctx, gradient):
        normal, scale, weight = ctx.saved_tensors
        by_normal = gradient * weight
        by_x = (by_normal - normal * (by_normal * normal).mean(-1, keepdim=True)) * scale
        return by_x, (gradient * normal).sum(0) if ctx.needs_input_grad[1] else None, None


class RMSNorm(nn.Module):
    def __init__(self, size, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.epsilon = epsilon

    def forward(self, x):
        return NormFunction.apply(x, self.weight, self.epsilon)


class Gate(torch.autograd.Function):
    """silu(gate) * up."""

    @staticmethod
    def forward(ctx, gate, up):
        sigmoid = torch.sigmoid(gate)
        silu = gate * sigmoid
        ctx.save_for_backward(up, sigmoid, silu)
        return silu * up

    @staticmethod
    def backward(ctx, gradient):
        up, sigmoid, silu = ctx.saved_tensors
        return gradient * up * (sigmoid + silu * (1.0 - sigmoid)), gradient * silu


class Rotate(torch.autograd.Function):
    """Rotary embedding of x [n, heads * e]: pairs (i, i + e/2) of each head turn by an angle [n, 1, e/2]."""

    @staticmethod
    def forward(ctx, x, cosine, sine, heads):
        ctx.save_for_backward(cosine, sine)
        ctx.heads = heads
        return turn(x, cosine, sine, heads)

    @staticmethod
    def backward(ctx, gradient):
        cosine, sine = ctx.saved_tensors
        return turn(gradient, cosine, -sine, ctx.heads), None, None, None


def turn(x, cosine, sine, heads):
    halves = x.view(x.shape[0], heads, 2, -1)
    one, two = halves[:, :, 0], halves[:, :, 1]
    return torch.stack((one * cosine - two * sine, two * cosine + one * sine), 2).reshape(x.shape)


class Places:
    """Where tokens stand in attention, of queries and of the fewer keys and values, and their angles."""

    def __init__(self, a, run, layout):
        self.queries = layout(run, a.heads, group=a.heads // a.key_value_heads)
        self.keys = layout(run, a.key_value_heads)
        frequencies = torch.tensor(a.rotary_frequencies(), dtype=torch.float32)
        angles = run.position_ids[:, None].to(torch.float32) * frequencies
        self.cosine, self.sine = torch.cos(angles), torch.sin(angles)

    def angles(self, tokens=None):
        """cosine and sine [n, 1, e/2] of all or of some tokens."""
        pick = (lambda x: x) if tokens is None else (lambda x: take(x, tokens))
        return pick(self.cosine)[:, None, :], pick(self.sine)[:, None, :]


class SelfAttention(nn.Module):
    """Grouped-query attention: the queries of a group stand side by side before the keys that they share."""

    def __init__(self, a, lora_rank):
        super().__init__()
        self.heads, self.key_heads, self.width = a.heads, a.key_value_heads, a.width
        self.q_proj = Linear(a.hidden, a.hidden, lora_rank, bias=False)
        self.k_proj = Linear(a.hidden, a.key_value_heads * a.width, bias=False)
        self.v_proj = Linear(a.hidden, a.key_value_heads * a.width, lora_rank, bias=False)
        self.o_proj = Linear(a.hidden, a.hidden, bias=False)

    def add_prefix(self, length):
        self.prefix = Prefix(length, self.key_heads, self.width)

    def add_adapter(self, bottleneck):
        self.adapter = Adapter(self.o_proj.out_features, bottleneck)

    def attend(self, q, k, v, bias):
        if hasattr(self, "prefix"):
            k, v, bias = self.prefix.join(k, v, bias)
        return Attend.apply(q, k, v, bias, None, 1 / math.sqrt(self.width))

    def output(self, x, run):
        y = self.o_proj(x, run)
        return self.adapter(y) if hasattr(self, "adapter") else y

    def forward(self, x, places, run):
        """[T, d] -> [T, d]: every token asks."""
        queries, keys = places.queries, places.keys
        q = ToHeads.apply(Rotate.apply(self.q_proj(x, run), *places.angles(), self.heads), queries.row_slots, queries.row_places, self.width)
        k = ToHeads.apply(Rotate.apply(self.k_proj(x, run), *places.angles(), self.key_heads), keys.row_slots, keys.row_places, self.width)
        v = ToHeads.apply(self.v_proj(x, run), keys.row_slots, keys.row_places, self.width)
        out = self.attend(q, k, v, queries.row_bias)
        return self.output(FromHeads.apply(out, queries.row_slots, queries.row_places, queries.row_filled), run)

    def last(self, x, places, run):
        """[T, d] -> [B, d]: only the last token of each text asks."""
        keys, asking = places.keys, places.queries.asking
        k = ToHeads.apply(Rotate.apply(self.k_proj(x, run), *places.angles(), self.key_heads), keys.text_slots, keys.text_places, self.width)
        v = ToHeads.apply(self.v_proj(x, run), keys.text_slots, keys.text_places, self.width)
        x = TakeAsking.apply(x, asking, places.queries.inverse)
        q = Rotate.apply(self.q_proj(x, run), *places.angles(asking), self.heads)
        q = q.view(x.shape[0] * self.key_heads, self.heads // self.key_heads, self.width)
        out = self.attend(q, k, v, keys.text_bias)
        return self.output(out.reshape(x.shape[0], -1), run)


class MLP(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.gate_proj = Linear(a.hidden, a.intermediate, bias=False)
        self.up_proj = Linear(a.hidden, a.intermediate, bias=False)
        self.down_proj = Linear(a.intermediate, a.hidden, bias=False)

    def add_adapter(self, bottleneck):
        self.adapter = Adapter(self.down_proj.out_features, bottleneck)

    def forward(self, x, run):
        y = self.down_proj(Gate.apply(self.gate_proj(x, run), self.up_proj(x, run)), run)
        return self.adapter(y) if hasattr(self, "adapter") else y


class Layer(nn.Module):
    def __init__(self, a, lora_rank, last):
        super().__init__()
        self.is_last = last
        self.self_attn = SelfAttention(a, lora_rank)
        self.mlp = MLP(a)
        self.input_layernorm = RMSNorm(a.hidden, a.epsilon)
        self.post_attention_layernorm = RMSNorm(a.hidden, a.epsilon)

    def forward(self, x, places, run):
        normal = self.input_layernorm(x)
        if self.is_last:
            x = TakeAsking.apply(x, places.queries.asking, places.queries.inverse) + self.self_attn.last(normal, places, run)
        else:
            x = x + self.self_attn(normal, places, run)
        return x + self.mlp(self.post_attention_layernorm(x), run)


class Classifier(nn.Module):
    """Decoder and a head of two layers; the multi-scale branch is on the first."""

    def __init__(self, a, vocabulary, classes, lora_rank=0, scale_rank=0):
        super().__init__()
        self.architecture = a
        self.embed_tokens = nn.Embedding(vocabulary, a.hidden)
        self.layers = nn.ModuleList(Layer(a, lora_rank, i == a.layers - 1) for i in range(a.layers))
        self.norm = RMSNorm(a.hidden, a.epsilon)
        self.score = nn.ModuleDict({"0": Linear(a.hidden, HEAD, scale_rank=scale_rank, bias=False), "2": nn.Linear(HEAD, classes, bias=False)})

    def forward(self, run, embedded=None):
        places = Places(self.architecture, run, partial(Layout, causal=True))
        x = self.embed_tokens(run.input_ids) if embedded is None else embedded
        for layer in self.layers:
            x = layer(x, places, run)
        x = self.norm(x)
        return self.score["2"](run.drop(self.score["0"](x, run))), x


class LanguageModel(nn.Module):
    """Decoder and the log-probabilities of next tokens. A model that has no lm_head shares its embeddings."""

    def __init__(self, a, vocabulary):
        super().__init__()
        self.architecture = a
        self.embed_tokens = nn.Embedding(vocabulary, a.hidden)
        self.layers = nn.ModuleList(Layer(a, 0, False) for _ in range(a.layers))
        self.norm = RMSNorm(a.hidden, a.epsilon)
        self.lm_head = nn.Linear(a.hidden, vocabulary, bias=False)

    def forward(self, run):
        places = Places(self.architecture, run, Tree)
        x = self.embed_tokens(run.input_ids)
        for layer in self.layers:
            x = layer(x, places, run)
        return (log_probabilities(self.lm_head(self.norm(take(x, run.asking))), run),)
