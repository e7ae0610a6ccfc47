"""RoBERTa with a classification head over row-packed batches: BERT's layers under other embeddings and another head."""

from dataclasses import dataclass

import torch
from torch import nn

from . import bert
from .modules import Linear

PADDING = 1  # id of the padding token; positions are counted from the one after it


@dataclass(frozen=True)
class Architecture(bert.Architecture):
    epsilon: float = 1e-5

    family = "roberta"
    head = {"classifier.dense.weight": "normal", "classifier.dense.bias": "zeros",
            "classifier.out_proj.weight": "normal", "classifier.out_proj.bias": "zeros"}
    open_shapes = {bert.Architecture.tables[0]: ["V", None], bert.Architecture.tables[1]: ["P", None],
                   "classifier.out_proj.weight": ["C", None], "classifier.out_proj.bias": ["C"]}

    def description(self):
        return {"position_offset": PADDING + 1}

    def classifier(self, vocabulary, positions, classes, lora_rank, scale_rank):
        return Classifier(self, vocabulary, positions, classes, lora_rank, scale_rank)

    def embed(self, tables, run):
        words, positions, types = tables
        return words[run.input_ids] + positions[run.position_ids + PADDING + 1] + types[0]

    def keep_masks(self):
        return bert.encoder_masks(self) + [("keep.first", ["B", self.hidden]), ("keep.pooled", ["B", self.hidden])]

    def padded(self, graph):
        x = bert.padded_encoder(self, graph, PADDING + 1)
        return graph.linear(graph.op.Tanh(graph.linear(x, "classifier.dense")), "classifier.out_proj")


class Embeddings(bert.Embeddings):
    def __init__(self, a, vocabulary, positions):
        super().__init__(a, vocabulary, positions, types=1)

    def sum(self, run):
        return self.word_embeddings(run.input_ids) + self.position_embeddings(run.position_ids + PADDING + 1) + self.token_type_embeddings.weight[0]


class Classifier(bert.Encoder):
    """Encoder and a head of two layers; the multi-scale branch is on the first."""

    def __init__(self, a, vocabulary, positions, classes, lora_rank=0, scale_rank=0):
        super().__init__(a, Embeddings(a, vocabulary, positions), lora_rank)
        self.classifier = nn.ModuleDict({"dense": Linear(a.hidden, a.hidden, scale_rank=scale_rank), "out_proj": nn.Linear(a.hidden, classes)})

    def forward(self, run, embedded=None):
        x = self.encode(run, embedded)
        hidden = torch.tanh(self.classifier["dense"](run.drop(x), run))
        return self.classifier["out_proj"](run.drop(hidden)), x
