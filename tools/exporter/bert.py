"""BERT with a classification head over row-packed batches. Parameter names are Hugging Face's."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import architecture
from .attention import Attend, FromHeads, TakeAsking, ToHeads
from .layout import Layout
from .modules import Adapter, Linear, Prefix


class Architecture(architecture.Architecture):
    family = "bert"
    tables = ("embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight")
    head = {"classifier.weight": "normal", "classifier.bias": "zeros"}
    open_shapes = {tables[0]: ["V", None], tables[1]: ["P", None], "classifier.weight": ["C", None], "classifier.bias": ["C"]}

    def classifier(self, vocabulary, positions, classes, lora_rank, scale_rank):
        return Classifier(self, vocabulary, positions, classes, lora_rank, scale_rank)

    def embed(self, tables, run):
        words, positions, types = tables
        return words[run.input_ids] + positions[run.position_ids] + types[0]

    def keep_masks(self):
        return encoder_masks(self) + [("keep.pooled", ["B", self.hidden])]

    def padded(self, graph):
        pooled = graph.op.Tanh(graph.linear(padded_encoder(self, graph), "pooler.dense"))
        return graph.linear(pooled, "classifier")


def padded_encoder(a, graph, first=0):
    """The last hidden state [B, d] of each text's first token; positions count from first."""
    op = graph.op
    words, positions, types = (graph.inputs[name] for name in a.tables)
    x = op.Add(op.Gather(words, graph.ids), op.Gather(positions, graph.places(first)))
    x = op.Add(x, op.Gather(types, graph.constant(0, np.int64)))  # a single text has token type 0 throughout
    x = graph.layer_norm(x, "embeddings.LayerNorm", a.epsilon)
    bias, width = graph.padding_bias(), a.hidden // a.heads
    for i in range(a.layers):
        layer = f"encoder.layer.{i}."
        split = lambda part, order: graph.heads(graph.linear(x, f"{layer}attention.self.{part}"), a.heads, width, order)
        y = graph.attend(split("query", (0, 2, 1, 3)), split("key", (0, 2, 3, 1)), split("value", (0, 2, 1, 3)), bias, width)
        y = op.Reshape(op.Transpose(y, perm=(0, 2, 1, 3)), graph.integers(0, 0, a.hidden))
        x = graph.layer_norm(op.Add(graph.linear(y, layer + "attention.output.dense"), x), layer + "attention.output.LayerNorm", a.epsilon)
        if i == a.layers - 1:  # nobody reads the other tokens any more
            x = op.Slice(x, graph.integers(0), graph.integers(1), graph.integers(1))
        y = graph.gelu(graph.linear(x, layer + "intermediate.dense"))
        x = graph.layer_norm(op.Add(graph.linear(y, layer + "output.dense"), x), layer + "output.LayerNorm", a.epsilon)
    return op.Squeeze(x, graph.integers(1))


def encoder_masks(a):
    """Masks of embeddings and layers."""
    masks = [("keep.embeddings", ["T", a.hidden])]
    for i in range(a.layers):
        last = i == a.layers - 1
        masks.append((f"keep.layer.{i}.attention", ["B", a.heads, 1, "L"] if last else ["R", a.heads, "W", "W"]))
        masks += [(f"keep.layer.{i}.{part}", ["B" if last else "T", a.hidden]) for part in ("attention_output", "output")]
    return masks


class SelfAttention(nn.Module):
    def __init__(self, a, lora_rank):
        super().__init__()
        self.heads, self.width = a.heads, a.hidden // a.heads
        self.query = Linear(a.hidden, a.hidden, lora_rank)
        self.key = Linear(a.hidden, a.hidden)
        self.value = Linear(a.hidden, a.hidden, lora_rank)

    def add_prefix(self, length):
        self.prefix = Prefix(length, self.heads, self.width)

    def keep(self, run):
        """The keep mask of the attention probabilities, those of the prefix first."""
        return run.keep(2 if hasattr(self, "prefix") else 1)

    def joined(self, k, v, bias):
        return self.prefix.join(k, v, bias) if hasattr(self, "prefix") else (k, v, bias)

    def forward(self, x, layout, run, keep):
        """[T, d] -> [T, d]: every token asks."""
        q, k, v = (ToHeads.apply(part(x, run), layout.row_slots, layout.row_places, self.width) for part in (self.query, self.key, self.value))
        k, v, bias = self.joined(k, v, layout.row_bias)
        out = Attend.apply(q, k, v, bias, keep, 1 / math.sqrt(self.width))
        return FromHeads.apply(out, layout.row_slots, layout.row_places, layout.row_filled)

    def last(self, x, layout, run, keep):
        """[T, d] -> ([B, d], [B, d]): only one token of each text asks; also gives those tokens."""
        k, v = (ToHeads.apply(part(x, run), layout.text_slots, layout.text_places, self.width) for part in (self.key, self.value))
        x = TakeAsking.apply(x, layout.asking, layout.inverse)
        q = self.query(x, run).view(x.shape[0] * self.heads, 1, self.width)
        k, v, bias = self.joined(k, v, layout.text_bias)
        out = Attend.apply(q, k, v, bias, keep, 1 / math.sqrt(self.width))
        return out.reshape(x.shape[0], -1), x


class Output(nn.Module):
    """LayerNorm(x + Dropout(W y + b)), with an adapter right after W y + b where there is one."""

    def __init__(self, inputs, outputs, epsilon):
        super().__init__()
        self.dense = Linear(inputs, outputs)
        self.LayerNorm = nn.LayerNorm(outputs, eps=epsilon)

    def add_adapter(self, bottleneck):
        self.adapter = Adapter(self.dense.out_features, bottleneck)

    def forward(self, y, x, run):
        y = self.dense(y, run)
        if hasattr(self, "adapter"):
            y = self.adapter(y)
        return self.LayerNorm(x + run.drop(y))


class Layer(nn.Module):
    def __init__(self, a, lora_rank, last):
        super().__init__()
        self.last = last
        self.attention = nn.ModuleDict({"self": SelfAttention(a, lora_rank), "output": Output(a.hidden, a.hidden, a.epsilon)})
        self.intermediate = nn.ModuleDict({"dense": Linear(a.hidden, a.intermediate)})
        self.output = Output(a.intermediate, a.hidden, a.epsilon)

    def forward(self, x, layout, run):
        keep = self.attention["self"].keep(run)
        if self.last:
            y, x = self.attention["self"].last(x, layout, run, keep)
        else:
            y = self.attention["self"](x, layout, run, keep)
        x = self.attention["output"](y, x, run)
        return self.output(F.gelu(self.intermediate["dense"](x, run)), x, run)


class Embeddings(nn.Module):
    def __init__(self, a, vocabulary, positions, types=2):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocabulary, a.hidden)
        self.position_embeddings = nn.Embedding(positions, a.hidden)
        self.token_type_embeddings = nn.Embedding(types, a.hidden)
        self.LayerNorm = nn.LayerNorm(a.hidden, eps=a.epsilon)

    def sum(self, run):
        """[T, d]. A single text has token type 0 throughout."""
        return self.word_embeddings(run.input_ids) + self.position_embeddings(run.position_ids) + self.token_type_embeddings.weight[0]


class Encoder(nn.Module):
    """Embeddings and layers; a subclass adds what classifies."""

    def __init__(self, a, embeddings, lora_rank):
        super().__init__()
        self.heads = a.heads
        self.embeddings = embeddings
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(a, lora_rank, i == a.layers - 1) for i in range(a.layers))})

    def encode(self, run, embedded):
        """The last hidden state of each text's first token [B, d]."""
        layout = Layout(run, self.heads)
        x = run.drop(self.embeddings.LayerNorm(self.embeddings.sum(run) if embedded is None else embedded))
        for layer in self.encoder["layer"]:
            x = layer(x, layout, run)
        return x


class Classifier(Encoder):
    """Encoder, pooler and head. lora_rank and scale_rank of 0 leave their branches out."""

    def __init__(self, a, vocabulary, positions, classes, lora_rank=0, scale_rank=0):
        super().__init__(a, Embeddings(a, vocabulary, positions), lora_rank)
        self.pooler = nn.ModuleDict({"dense": Linear(a.hidden, a.hidden, scale_rank=scale_rank)})
        self.classifier = nn.Linear(a.hidden, classes)

    def forward(self, run, embedded=None):
        x = self.encode(run, embedded)
        pooled = torch.tanh(self.pooler["dense"](x, run))
        return self.classifier(run.drop(pooled)), x
