"""The hybrid fuser: modalities exchange what they know at two depths before they are summed."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .fuser import AttentionFuser, shares
from .grid import MODALITIES
from .network import Size, conv


class Exchange(nn.Module):
    """Cross-modal attention in each cell: every modality asks all that are there, and takes the answer through a gate.

    The logit of modality n for the question of m is q_m . k_n / sqrt(d) + trust_n; the answer is the shares' sum of
    values, and the modality becomes t_m + gate_m * answer. Where m is absent it stays 0.
    """

    def __init__(self, c: int, key: int):
        super().__init__()
        self.key = key
        self.query = nn.ModuleList(nn.Conv2d(c, key, 1) for _ in MODALITIES)
        self.keys = nn.ModuleList(nn.Conv2d(c, key, 1) for _ in MODALITIES)
        self.values = nn.ModuleList(nn.Conv2d(c, c, 1) for _ in MODALITIES)
        self.gate = nn.ModuleList(nn.Conv2d(2 * c, c, 1) for _ in MODALITIES)
        for g in self.gate:
            nn.init.constant_(g.bias, -1.0)

    def forward(self, tokens: list[Tensor], mask: list[Tensor], trust: Tensor) -> list[Tensor]:
        """Exchange between three [B, C, H, W] with masks [B, 1, H, W] and trust [B, 3]; see Fuser.mix."""
        b, _, h, w = tokens[0].shape
        there = [k.reshape(b, 1, h * w) for k in mask]
        keys = [f(t) for f, t in zip(self.keys, tokens, strict=True)]
        values = [f(t) for f, t in zip(self.values, tokens, strict=True)]
        out = []
        for m, t in enumerate(tokens):
            query = self.query[m](t)
            logits = [
                (query * k).sum(1).float().reshape(b, 1, h * w) * self.key**-0.5 + trust[:, n, None, None]
                for n, k in enumerate(keys)
            ]
            share = [s.reshape(b, 1, h, w) for s in shares(logits, there)]
            answer = share[0] * values[0] + share[1] * values[1] + share[2] * values[2]
            changed = t + torch.sigmoid(self.gate[m](torch.cat([t, answer], 1))) * answer
            out.append(torch.where(mask[m] > 0, changed, changed.new_zeros(())))
        return out


class HybridFuser(AttentionFuser):
    """Exchange between token maps, a coarse scale for each modality, exchange there, and attention over the three.

    The shares come from the encoders' own tokens, as in AttentionFuser, so that less reliable or older still always
    weighs less.
    """

    def __init__(self, size: Size, believe: bool = True):
        super().__init__(size, believe)
        c = size.channels
        key = max(8, size.key // 2)
        self.fine, self.coarse = Exchange(c, key), Exchange(c, key)
        self.down = nn.ModuleList(conv(c, c, stride=2) for _ in MODALITIES)
        self.back = nn.ModuleList(conv(c, c, 1, relu=False) for _ in MODALITIES)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")

    def exchange(self, tokens, mask, trust):
        """Return the tokens after both exchanges."""
        tokens = self.fine(tokens, mask, trust)
        some = [F.max_pool2d(k, 2) for k in mask]
        none = tokens[0].new_zeros(())
        low = [torch.where(k > 0, f(t), none) for f, t, k in zip(self.down, tokens, some, strict=True)]
        low = self.coarse(low, some, trust)
        high = [F.relu(t + self.up(f(x))) for f, x, t in zip(self.back, low, tokens, strict=True)]
        return [torch.where(k > 0, t, none) for k, t in zip(mask, high, strict=True)]
