"""Llama in the graph for others to run."""

import numpy as np

from .attention import MASKED
from .padded import FLOAT


class PaddedLlama:
    """The nodes of an architecture's decoder and head. Queries are [B, key heads, group, L, width], keys and values have a group of 1."""

    def __init__(self, a, graph):
        self.a, self.graph, self.op = a, graph, graph.op
        self.group = a.heads // a.key_value_heads

    def logits(self):
        a, graph, op = self.a, self.graph, self.op
        places = graph.places()
        angles = self.angles(places)
        later = op.Less(op.Unsqueeze(places, graph.integers(1)), op.Unsqueeze(places, graph.integers(0)))  # [L, L]: nobody sees later tokens
        bias = op.Add(op.Unsqueeze(graph.padding_bias(), graph.integers(1)), op.Mul(op.Cast(later, to=FLOAT), graph.number(MASKED)))
        x = op.Gather(graph.inputs["embed_tokens.weight"], graph.ids)
        for i in range(a.layers):
            layer = f"layers.{i}."
            x = op.Add(x, self.attention(self.norm(x, layer + "input_layernorm"), layer + "self_attn.", angles, bias))
            if i == a.layers - 1:
                x = self.last(x, places)  # nobody reads the other tokens any more
            y = self.norm(x, layer + "post_attention_layernorm")
            gate = graph.linear(y, layer + "mlp.gate_proj")
            y = op.Mul(op.Mul(gate, op.Sigmoid(gate)), graph.linear(y, layer + "mlp.up_proj"))
            x = op.Add(x, graph.linear(y, layer + "mlp.down_proj"))
        return graph.linear(graph.linear(self.norm(x, "norm"), "score.0"), "score.2")

    def norm(self, x, module):
        """x / sqrt(mean(x^2) + epsilon) * weight."""
        op, graph = self.op, self.graph
        mean = op.ReduceMean(op.Pow(x, graph.number(2)), axes=[-1], keepdims=1)
        return op.Mul(op.Div(x, op.Sqrt(op.Add(mean, graph.number(self.a.epsilon)))), graph.weight(module))

    def angles(self, places):
        """cosine and sine [L, width] of how each position turns a head, both halves alike."""
        a, op = self.a, self.op
        frequencies = np.array(a.rotary_frequencies(), dtype=np.float32)
        angles = op.Mul(op.Unsqueeze(op.Cast(places, to=FLOAT), self.graph.integers(1)), self.graph.number(np.tile(frequencies, 2)))
        return op.Cos(angles), op.Sin(angles)

    def turned(self, x, angles):
        """x [..., L, width] turned: pairs (i, i + width/2) by their angle."""
        op, half = self.op, self.a.width // 2
        integers = self.graph.integers
        one, two = op.Slice(x, integers(0), integers(half), integers(-1)), op.Slice(x, integers(half), integers(self.a.width), integers(-1))
        return op.Add(op.Mul(x, angles[0]), op.Mul(op.Concat(op.Neg(two), one, axis=-1), angles[1]))

    def attention(self, x, module, angles, bias):
        a, op, graph = self.a, self.op, self.graph

        def heads(part, group):
            y = op.Reshape(graph.linear(x, module + part), graph.integers(0, 0, a.key_value_heads, group, a.width))
            return op.Transpose(y, perm=(0, 2, 3, 1, 4))

        q, k = self.turned(heads("q_proj", self.group), angles), self.turned(heads("k_proj", 1), angles)
        y = graph.attend(q, op.Transpose(k, perm=(0, 1, 2, 4, 3)), heads("v_proj", 1), bias, a.width)
        y = op.Reshape(op.Transpose(y, perm=(0, 3, 1, 2, 4)), graph.integers(0, 0, a.hidden))
        return graph.linear(y, module + "o_proj")

    def last(self, x, places):
        """[B, L, d] -> [B, d]: the last token of each text that is no padding, on whichever side that stands."""
        op, graph = self.op, self.graph
        column = op.ReduceMax(op.Mul(graph.mask, places), axes=[1], keepdims=0)
        texts = op.Squeeze(op.Shape(graph.ids, start=0, end=1))
        text = op.Range(graph.constant(0, np.int64), texts, graph.constant(1, np.int64))
        return op.Gather(op.Reshape(x, graph.integers(-1, self.a.hidden)), op.Add(op.Mul(text, graph.length()), column), axis=0)
