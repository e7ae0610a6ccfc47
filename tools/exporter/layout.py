"""Where each token's heads stand in attention, worked out once per batch from the graph's inputs."""

import torch

from .attention import MASKED


def log_probabilities(logits, run):
    """The log-probability [N] of each prediction, from the logits [A, V] of the tokens that ask."""
    # By both indices: the size of the vocabulary is open, and the tracer would put its own into an index of one.
    return torch.log_softmax(logits, -1)[run.predicted_by, run.predicted_id]


class Tree:
    """Slots of the heads of tokens that stand in trees (see `TREES`), all in rows. Queries of a group stand as in Layout."""

    def __init__(self, run, heads, group=1):
        every = torch.arange(heads)
        rows, width = run.row_tokens.shape
        self.row_slots = (run.row_tokens[:, None, :] * heads + every[None, :, None]).reshape(rows * (heads // group), group * width)
        self.row_places = (run.token_row[:, None] * heads + every[None, :]) * width + run.token_column[:, None]
        self.row_bias = ((1.0 - run.sees.to(torch.float32)) * MASKED)[:, None].repeat(1, 1, group, 1)
        self.row_filled = None  # nothing is trained


class Layout:
    """Slots of the tokens' heads in rows of several texts, and in rows of one text for the last layer.

    In the last layer only one token of each text asks, the one that the head reads: `asking` [B]. It is the
    first token, or the last one of a causal model, whose tokens see no later ones. `inverse` [T] gives each
    token's place in `asking`, or B.

    Where groups of `group` query heads share their keys, the queries of a group stand side by side: the rows
    are [R * H / group, group * W].
    """

    def __init__(self, run, heads, causal=False, group=1):
        every = torch.arange(heads)
        (rows, width), (texts, longest) = run.row_tokens.shape, run.text_tokens.shape

        def slots(tokens):  # [n, w] tokens -> [n * heads, w] rows of the [T * heads, d/heads] view
            return (tokens[:, None, :] * heads + every[None, :, None]).reshape(tokens.shape[0] * heads, tokens.shape[1])

        # All layers but the last: several texts side by side in a row.
        self.row_slots = slots(run.row_tokens)
        self.row_places = (run.token_row[:, None] * heads + every[None, :]) * width + run.token_column[:, None]
        apart = run.row_text[:, None, :, None] != run.row_text[:, None, None, :]
        if causal:  # the tokens of a text stand in their order
            column = torch.arange(width)
            apart = apart | (column[None, :] > column[:, None])
        self.row_bias = apart.to(torch.float32) * MASKED
        filled = (run.row_text >= 0).to(torch.float32)[:, None, :].expand(rows, heads, width)
        self.row_filled = filled.reshape(rows * heads, width)[:, :, None]
        if group > 1:
            self.row_slots = self.row_slots.reshape(rows * (heads // group), group * width)
            self.row_filled = self.row_filled.reshape(rows * (heads // group), group * width, 1)
            self.row_bias = self.row_bias.repeat(1, 1, group, 1)
        # The last layer: one text in a row.
        self.text_slots = slots(run.text_tokens)
        self.text_places = (run.token_text[:, None] * heads + every[None, :]) * longest + run.position_ids[:, None]
        self.text_bias = ((1.0 - run.text_mask) * MASKED)[:, None, None, :]
        if causal:
            self.asking = run.first_tokens + run.text_mask.sum(1).to(torch.int64) - 1
            asks = torch.arange(run.token_text.shape[0]) == self.asking[run.token_text]
        else:
            self.asking = run.first_tokens
            asks = run.position_ids == 0
        self.inverse = torch.where(asks, run.token_text, texts)
