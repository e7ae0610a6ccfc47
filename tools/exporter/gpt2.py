"""GPT-2 as a language model. Parameter names are Hugging Face's; its layers hold their weights as [in, out]."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from . import architecture
from .attention import Attend, FromHeads, ToHeads, take
from .contract import CAUSAL
from .layout import Tree, log_probabilities


@dataclass(frozen=True)
class Architecture(architecture.Architecture):
    epsilon: float = 1e-5

    graphs = (CAUSAL,)  # it classifies nothing here
    family = "gpt2"
    tables = ("wte.weight", "wpe.weight")
    head = {}
    open_shapes = {"wte.weight": ["V", None], "wpe.weight": ["P", None], "lm_head.weight": ["V", None]}

    @classmethod
    def read(cls, config):
        return cls(config["n_layer"], config["n_embd"], config["n_head"], config.get("n_inner") or 4 * config["n_embd"], config.get("layer_norm_epsilon", 1e-5))

    def fixed_sizes(self):
        return super().fixed_sizes() | {3 * self.hidden}

    def language_model(self, vocabulary, positions):
        return LanguageModel(self, vocabulary, positions)


class Product(nn.Module):
    """x W + b."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x):
        return x @ self.weight + self.bias


class SelfAttention(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.width = a.hidden // a.heads
        self.c_attn = Product(a.hidden, 3 * a.hidden)
        self.c_proj = Product(a.hidden, a.hidden)

    def forward(self, x, tree):
        """[T, d] -> [T, d]: every token asks."""
        q, k, v = (ToHeads.apply(part, tree.row_slots, tree.row_places, self.width) for part in self.c_attn(x).chunk(3, -1))
        out = Attend.apply(q, k, v, tree.row_bias, None, 1 / math.sqrt(self.width))
        return self.c_proj(FromHeads.apply(out, tree.row_slots, tree.row_places, tree.row_filled))


class MLP(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.c_fc = Product(a.hidden, a.intermediate)
        self.c_proj = Product(a.intermediate, a.hidden)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class Layer(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.ln_1 = nn.LayerNorm(a.hidden, eps=a.epsilon)
        self.attn = SelfAttention(a)
        self.ln_2 = nn.LayerNorm(a.hidden, eps=a.epsilon)
        self.mlp = MLP(a)

    def forward(self, x, tree):
        x = x + self.attn(self.ln_1(x), tree)
        return x + self.mlp(self.ln_2(x))


class LanguageModel(nn.Module):
    """Decoder and the log-probabilities of next tokens. A model that has no lm_head shares its embeddings."""

    def __init__(self, a, vocabulary, positions):
        super().__init__()
        self.heads = a.heads
        self.wte = nn.Embedding(vocabulary, a.hidden)
        self.wpe = nn.Embedding(positions, a.hidden)
        self.h = nn.ModuleList(Layer(a) for _ in range(a.layers))
        self.ln_f = nn.LayerNorm(a.hidden, eps=a.epsilon)
        self.lm_head = nn.Linear(a.hidden, vocabulary, bias=False)

    def forward(self, run):
        tree = Tree(run, self.heads)
        x = self.wte(run.input_ids) + self.wpe(run.position_ids)
        for layer in self.h:
            x = layer(x, tree)
        return (log_probabilities(self.lm_head(self.ln_f(take(x, run.asking))), run),)
