"""The training loop as MuScleLoRA's public code runs it, written anew from its formulas (arXiv 2402.12026, Eqs. 7 and 8)."""

import torch

from plain import Loop

NORM, LOSS = 5e-7, 0.4  # above both, gradients are aligned


class AuthorsLoop(Loop):
    """Two backward passes a step, whose gradients are copied to the CPU and aligned there, tensor by tensor; the learning rate falls
    linearly. Steps are those of the first epoch, which mixes nothing."""

    def __init__(self, config, method, folder=None, precision="float32", compiled=False, steps=1000):
        super().__init__(config, method, folder, precision, compiled)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: max(0.0, 1 - step / steps))

    def copied(self, batch):
        """The gradients of a batch on the CPU, and its loss."""
        self.optimizer.zero_grad()
        loss = self.loss(batch)
        loss.backward()
        return [None if p.grad is None else p.grad.detach().cpu().clone() for p in self.trained], loss.item()

    def backward(self, batch, auxiliary):
        poisoned, _ = self.copied(batch)
        clean, loss = self.copied(auxiliary)
        norms = [c.norm().item() for c in clean if c is not None]
        align = sum(norms) / len(norms) > NORM and loss > LOSS
        for p, g, c in zip(self.trained, poisoned, clean):
            if align and g is not None and c is not None and g.norm().item() > 0 and c.norm().item() > 0:
                g = (g * c).sum().abs() / c.norm() ** 2 * c
            p.grad = None if g is None else g.to(p.device)

    def step(self, batch, auxiliary=None):
        super().step(batch, auxiliary)
        self.schedule.step()
