"""Attention over packed tokens, with a backward pass that ONNX Runtime runs fast.

Token-wise operations work on [T, d] without padding. For attention the heads of tokens are gathered into
rows: [R * H, W, d/H]. A padding slot reads token 0; its probability is exactly zero, so nothing comes of it.
"""

import torch
import torch.nn.functional as F

MASKED = -1e9  # added to the scores of pairs that must not see each other; exp gives exactly 0


def take(table, index):
    """Rows of table [n, d] at index [...]: one Gather in the graph, and no Scatter in its backward."""
    return torch.ops.aten.embedding.default(table, index)


class ToHeads(torch.autograd.Function):
    """[T, d] -> [slots, d/H] by `slots`; the backward gathers by the inverse map instead of scattering.

    A scatter that adds is a data race in ONNX Runtime's CPU provider. Padding slots all read row 0 but get
    a gradient of exactly zero, so the inverse map may leave them out.
    """

    @staticmethod
    def forward(ctx, x, slots, tokens, width):
        ctx.save_for_backward(tokens)
        ctx.columns, ctx.width = x.shape[1], width
        return take(x.reshape(-1, width), slots)

    @staticmethod
    def backward(ctx, gradient):
        (tokens,) = ctx.saved_tensors
        return take(gradient.reshape(-1, ctx.width), tokens).reshape(-1, ctx.columns), None, None, None


class FromHeads(torch.autograd.Function):
    """[slots, d/H] -> [T, d] by `tokens`; the backward gathers and zeroes padding slots with `filled`."""

    @staticmethod
    def forward(ctx, x, slots, tokens, filled):
        ctx.save_for_backward(slots, filled)
        ctx.width = x.shape[-1]
        return take(x.reshape(-1, ctx.width), tokens).reshape(tokens.shape[0], -1)

    @staticmethod
    def backward(ctx, gradient):
        slots, filled = ctx.saved_tensors
        return take(gradient.reshape(-1, ctx.width), slots) * filled, None, None, None


class TakeAsking(torch.autograd.Function):
    """x[T, d] at distinct rows `asking` [B]; `inverse` [T] maps each token to its row of the result, or to B."""

    @staticmethod
    def forward(ctx, x, asking, inverse):
        ctx.save_for_backward(inverse)
        return take(x, asking)

    @staticmethod
    def backward(ctx, gradient):
        (inverse,) = ctx.saved_tensors
        return take(F.pad(gradient, (0, 0, 0, 1)), inverse), None, None


class Attend(torch.autograd.Function):
    """Dropout(softmax(scale q k^T + bias)) v for q [N, Q, e], k and v [N, K, e], bias [R, 1, Q or 1, K].

    keep is the scaled keep mask [R, H, Q, K], or None. Written with three-dimensional products so that ONNX
    Runtime fuses transposes and scales into them; the backward uses rowsum(dP * P) = rowsum(dO * O).
    """

    @staticmethod
    def forward(ctx, q, k, v, bias, keep, scale):
        scores = torch.bmm(q, k.transpose(1, 2)) * scale
        probabilities = torch.softmax(scores.view(bias.shape[0], -1, q.shape[1], k.shape[1]) + bias, -1)
        dropped = probabilities * keep if keep is not None else probabilities
        out = torch.bmm(dropped.view(scores.shape), v)
        ctx.save_for_backward(q, k, v, probabilities, dropped, out, keep)
        ctx.scale = scale
        return out

    @staticmethod
    def backward(ctx, gradient):
        q, k, v, probabilities, dropped, out, keep = ctx.saved_tensors
        shape = (q.shape[0], q.shape[1], k.shape[1])
        value_gradient = torch.bmm(dropped.view(shape).transpose(1, 2), gradient)
        by_probability = torch.bmm(gradient, v.transpose(1, 2))
        if keep is not None:
            by_probability = by_probability * keep.view(shape)
        by_score = probabilities.view(shape) * (by_probability - (gradient * out).sum(-1, keepdim=True))
        query_gradient = torch.bmm(by_score, k) * ctx.scale
        key_gradient = torch.bmm(by_score.transpose(1, 2), q) * ctx.scale
        return query_gradient, key_gradient, value_gradient, None, None, None
