"""Tunable modules: linear layers with branches, adapters, prefixes."""

import torch
import torch.nn.functional as F
from torch import nn


class Linear(nn.Linear):
    """W x + b, plus a branch where the layer has one; `run` holds the scales that are graph inputs."""

    def __init__(self, inputs, outputs, lora_rank=0, scale_rank=0, bias=True):
        super().__init__(inputs, outputs, bias=bias)
        if lora_rank:
            self.lora_A = nn.Linear(inputs, lora_rank, bias=False)
            self.lora_B = nn.Linear(lora_rank, outputs, bias=False)
        if scale_rank:
            self.mslr_L = nn.Linear(inputs, scale_rank, bias=False)
            self.mslr_R = nn.Linear(scale_rank, outputs, bias=False)

    def forward(self, x, run):
        y = F.linear(x, self.weight, self.bias)
        if hasattr(self, "lora_A"):  # W x + b + alpha/r B A x
            y = y + self.lora_B(self.lora_A(x)) * run.lora_scale
        if hasattr(self, "mslr_L"):  # W x + b + alpha/r R (S * L x): the paper's Eq. 6
            y = y + self.mslr_R(self.mslr_L(x) * run.mslr_S) * run.mslr_scale
        return y


class Adapter(nn.Module):
    """x + W2 gelu(W1 x + b1) + b2 with b rows in W1 (Houlsby et al. 2019, section 2.1 and figure 2)."""

    def __init__(self, width, bottleneck):
        super().__init__()
        self.down = nn.Linear(width, bottleneck)
        self.up = nn.Linear(bottleneck, width)

    def forward(self, x):
        return x + self.up(F.gelu(self.down(x)))


class Prefix(nn.Module):
    """Keys and values [p, d] of virtual tokens that every token sees (Li and Liang 2021), learned as they are."""

    def __init__(self, length, heads, width):
        super().__init__()
        self.heads, self.width = heads, width
        self.key = nn.Parameter(torch.empty(length, heads * width))
        self.value = nn.Parameter(torch.empty(length, heads * width))

    def join(self, keys, values, bias):
        """Put the prefix before the keys and values [N * H, K, e] of N rows, and zeros before their bias [N, 1, ., K]."""
        length, rows = self.key.shape[0], bias.shape[0]

        def before(virtual, real):
            virtual = virtual.view(length, self.heads, self.width).transpose(0, 1)
            virtual = virtual.expand(rows, self.heads, length, self.width).reshape(rows * self.heads, length, self.width)
            return torch.cat([virtual, real], 1)

        return before(self.key, keys), before(self.value, values), F.pad(bias, (length, 0))
