"""Linear layers with tunable branches."""

import torch.nn.functional as F
from torch import nn


class Linear(nn.Linear):
    """W x + b, plus a branch where the layer has one; `run` holds the scales that are graph inputs."""

    def __init__(self, inputs, outputs, lora_rank=0, scale_rank=0):
        super().__init__(inputs, outputs)
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
