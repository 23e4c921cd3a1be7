"""Averaged weights: an exponential moving average of a network, which is what gets checked and exported."""

import copy

import torch

from .model import TriBEV


class Average:
    """A copy of a network that follows it slowly; batch-norm statistics are averaged with the weights."""

    def __init__(self, model: TriBEV, decay: float):
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model: TriBEV, parts: list[str], step: int) -> None:
        """Take one step of the parts that move towards model; step counts from 0 since they were equal.

        The decay is at most (1 + step) / (10 + step), so that a short stage does not export its start.
        """
        decay = min(self.decay, (1 + step) / (10 + step))
        mine, theirs = [], []
        for a, b in zip(self._modules(self.model, parts), self._modules(model, parts), strict=True):
            for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True):
                if x.is_floating_point():
                    mine.append(x)
                    theirs.append(y)
                else:
                    x.copy_(y)
        torch._foreach_mul_(mine, decay)
        torch._foreach_add_(mine, theirs, alpha=1 - decay)

    @staticmethod
    def _modules(model: TriBEV, parts: list[str]):
        return [m for p in parts for m in model.part(p)]
