"""Losses: heat maps and boxes, depth bins, agreement between modalities."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .grid import REGRESSION

# Relative weight of each regression channel; velocity counts least, since most labelled things stand still.
_WEIGHT = dict.fromkeys(REGRESSION, 0.5) | {"dx": 1.0, "dy": 1.0, "vx": 0.1, "vy": 0.1}
REG_WEIGHT = tuple(_WEIGHT[name] for name in REGRESSION)


def focal(p: Tensor, target: Tensor) -> Tensor:
    """Return the focal loss of heat maps with Gaussian targets, per object (Law and Deng 2018, CornerNet).

    p, target [B, 10, 128, 128] in 0..1. Cells with target 1 are objects; elsewhere the loss of a false alarm
    shrinks by (1 - target)^4 towards an object's centre. A class with n of the batch's N objects counts per sqrt(n N)
    instead of per N, so that what is rare is learned too.
    """
    p = p.clamp(1e-4, 1 - 1e-4)
    hit = (target > 0.999).float()
    missed = -hit * torch.log(p) * (1 - p) ** 2
    alarm = -(1 - hit) * (1 - target) ** 4 * torch.log(1 - p) * p**2
    own = hit.sum((0, 2, 3))
    return ((missed + alarm).sum((0, 2, 3)) / (own.clamp(min=1) * own.sum().clamp(min=1)).sqrt()).sum()


def detection(heat: Tensor, reg: Tensor, batch: dict[str, Tensor], regression: float) -> Tensor:
    """Return focal loss plus regression times the L1 loss at object centres; an unknown (NaN) value costs nothing.

    heat, reg [B, 10, 128, 128]; batch: heat and reg of the same shape, centre [B, 128, 128] (1 at object centres).
    """
    known = torch.isfinite(batch["reg"])
    weight = heat.new_tensor(REG_WEIGHT)[None, :, None, None] * batch["centre"][:, None] * known
    off = (reg - torch.where(known, batch["reg"], batch["reg"].new_zeros(()))).abs() * weight
    return focal(heat, batch["heat"]) + regression * off.sum() / batch["centre"].sum().clamp(min=1)


def depth(logits: Tensor, target: Tensor) -> Tensor:
    """Return the cross-entropy of depth bins: logits [N, BINS, 12, 32], target [N, 12, 32] int64, -1 unknown."""
    known = (target >= 0).sum()
    if known == 0:
        return logits.sum() * 0.0
    return F.cross_entropy(logits.float(), target, ignore_index=-1)


def align(a: Tensor, b: Tensor, where: Tensor, temperature: float, most: int = 256) -> Tensor:
    """Return InfoNCE between two modalities' tokens [B, C, 64, 64] at the cells where [B, 64, 64] is true.

    A cell's partner is the same cell of the other modality; the other objects' cells are the negatives. At most the
    first `most` cells are used; fewer than two give 0.
    """
    a, b = (F.normalize(x.permute(0, 2, 3, 1)[where][:most].float(), dim=1) for x in (a, b))
    if len(a) < 2:
        return (a.sum() + b.sum()) * 0.0
    score, own = a @ b.t() / temperature, torch.arange(len(a), device=a.device)
    return 0.5 * (F.cross_entropy(score, own) + F.cross_entropy(score.t(), own))
