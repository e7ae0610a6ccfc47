"""BERT with a classification head over row-packed batches. Parameter names are Hugging Face's."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from .attention import MASKED, Attend, FromHeads, TakeFirst, ToHeads
from .modules import Linear


@dataclass(frozen=True)
class Architecture:
    layers: int
    hidden: int
    heads: int
    intermediate: int
    epsilon: float = 1e-12  # of LayerNorm
    dropout: float = 0.1

    @property
    def name(self):
        return f"bert-{self.layers}x{self.hidden}"


class Layout:
    """Where each token's heads stand in attention, worked out once per batch from the graph's inputs."""

    def __init__(self, run, heads):
        every = torch.arange(heads)
        (rows, width), (texts, longest) = run.row_tokens.shape, run.text_tokens.shape

        def slots(tokens):  # [n, w] tokens -> [n * heads, w] rows of the [T * heads, d/heads] view
            return (tokens[:, None, :] * heads + every[None, :, None]).reshape(tokens.shape[0] * heads, tokens.shape[1])

        # All layers but the last: several texts side by side in a row.
        self.row_slots = slots(run.row_tokens)
        self.row_places = (run.token_row[:, None] * heads + every[None, :]) * width + run.token_column[:, None]
        self.row_bias = (run.row_text[:, None, :, None] != run.row_text[:, None, None, :]).to(torch.float32) * MASKED
        filled = (run.row_text >= 0).to(torch.float32)[:, None, :].expand(rows, heads, width)
        self.row_filled = filled.reshape(rows * heads, width)[:, :, None]
        # The last layer, where only [CLS] asks: one text in a row.
        self.text_slots = slots(run.text_tokens)
        self.text_places = (run.token_text[:, None] * heads + every[None, :]) * longest + run.position_ids[:, None]
        self.text_bias = ((1.0 - run.text_mask) * MASKED)[:, None, None, :]
        self.first = run.first_tokens
        self.inverse = torch.where(run.position_ids == 0, run.token_text, texts)


class SelfAttention(nn.Module):
    def __init__(self, a, lora_rank):
        super().__init__()
        self.heads, self.width = a.heads, a.hidden // a.heads
        self.query = Linear(a.hidden, a.hidden, lora_rank)
        self.key = Linear(a.hidden, a.hidden)
        self.value = Linear(a.hidden, a.hidden, lora_rank)

    def forward(self, x, layout, run, keep):
        """[T, d] -> [T, d]: every token asks."""
        q, k, v = (ToHeads.apply(part(x, run), layout.row_slots, layout.row_places, self.width) for part in (self.query, self.key, self.value))
        out = Attend.apply(q, k, v, layout.row_bias, keep, 1 / math.sqrt(self.width))
        return FromHeads.apply(out, layout.row_slots, layout.row_places, layout.row_filled)

    def first(self, x, layout, run, keep):
        """[T, d] -> ([B, d], [B, d]): only the first token of each text asks; also gives those tokens."""
        k, v = (ToHeads.apply(part(x, run), layout.text_slots, layout.text_places, self.width) for part in (self.key, self.value))
        x = TakeFirst.apply(x, layout.first, layout.inverse)
        q = self.query(x, run).view(x.shape[0] * self.heads, 1, self.width)
        out = Attend.apply(q, k, v, layout.text_bias, keep, 1 / math.sqrt(self.width))
        return out.reshape(x.shape[0], -1), x


class Output(nn.Module):
    """LayerNorm(x + Dropout(W y + b))."""

    def __init__(self, inputs, outputs, epsilon):
        super().__init__()
        self.dense = Linear(inputs, outputs)
        self.LayerNorm = nn.LayerNorm(outputs, eps=epsilon)

    def forward(self, y, x, run):
        return self.LayerNorm(x + run.drop(self.dense(y, run)))


class Layer(nn.Module):
    def __init__(self, a, lora_rank, last):
        super().__init__()
        self.last = last
        self.attention = nn.ModuleDict({"self": SelfAttention(a, lora_rank), "output": Output(a.hidden, a.hidden, a.epsilon)})
        self.intermediate = nn.ModuleDict({"dense": Linear(a.hidden, a.intermediate)})
        self.output = Output(a.intermediate, a.hidden, a.epsilon)

    def forward(self, x, layout, run):
        keep = run.keep()
        if self.last:
            y, x = self.attention["self"].first(x, layout, run, keep)
        else:
            y = self.attention["self"](x, layout, run, keep)
        x = self.attention["output"](y, x, run)
        return self.output(F.gelu(self.intermediate["dense"](x, run)), x, run)


class Embeddings(nn.Module):
    def __init__(self, a, vocabulary, positions):
        super().__init__()
        self.word_embeddings = nn.Embedding(vocabulary, a.hidden)
        self.position_embeddings = nn.Embedding(positions, a.hidden)
        self.token_type_embeddings = nn.Embedding(2, a.hidden)
        self.LayerNorm = nn.LayerNorm(a.hidden, eps=a.epsilon)

    def sum(self, run):
        """[T, d]. A single text has token type 0 throughout."""
        return self.word_embeddings(run.input_ids) + self.position_embeddings(run.position_ids) + self.token_type_embeddings.weight[0]


class Classifier(nn.Module):
    """Encoder, pooler and head. lora_rank and scale_rank of 0 leave their branches out."""

    def __init__(self, a, vocabulary, positions, classes, lora_rank=0, scale_rank=0):
        super().__init__()
        self.heads = a.heads
        self.embeddings = Embeddings(a, vocabulary, positions)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(a, lora_rank, i == a.layers - 1) for i in range(a.layers))})
        self.pooler = nn.ModuleDict({"dense": Linear(a.hidden, a.hidden, scale_rank=scale_rank)})
        self.classifier = nn.Linear(a.hidden, classes)

    def forward(self, run, embedded=None):
        """Give logits [B, C] and the last hidden state of the first tokens [B, d].

        embedded replaces the sum of the embeddings, to take the gradient there.
        """
        layout = Layout(run, self.heads)
        x = run.drop(self.embeddings.LayerNorm(self.embeddings.sum(run) if embedded is None else embedded))
        for layer in self.encoder["layer"]:
            x = layer(x, layout, run)
        pooled = torch.tanh(self.pooler["dense"](x, run))
        return self.classifier(run.drop(pooled)), x
