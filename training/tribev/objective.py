"""What a step of a stage minimises, and how the fuser is shown members that it should not believe."""

import torch
from torch import Tensor

from . import losses
from .batch import Draw
from .config import Config, Stage
from .grid import CAMERA, MODALITIES
from .model import TriBEV


def degrade(tokens: list[Tensor], seen: Tensor, d: Draw) -> tuple[list[Tensor], Tensor]:
    """Double a batch into [full sets, subsets] and put another sample's tokens where d says so.

    tokens: three [B, C, 64, 64]; seen [B, 1, 64, 64] -> the same with 2B rows.
    """
    swap = d.swap[:, None, None, None]
    first = torch.where(swap, tokens[CAMERA][d.other], tokens[CAMERA])
    out = [torch.cat([t, t]) for t in tokens[:CAMERA]] + [torch.cat([first, tokens[CAMERA]])]
    for m, t in enumerate(tokens):
        foreign = t[d.other]
        out[m] = torch.where(d.spoilt[:, m, None], torch.cat([foreign, foreign]), out[m])
    return out, torch.cat([torch.where(swap, seen[d.other], seen), seen])


def stage_loss(
    model: TriBEV, batch: dict[str, Tensor], d: Draw, stage: Stage, config: Config
) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of one step and its parts for the log."""
    weights, terms = config.loss, {}
    m = stage.objective
    if m in ("fusion", "align"):
        terms = _joint_terms(model, batch, d, stage, config)
    else:
        if m == "camera":
            tokens, _, logits = model.camera_tokens(batch)
            terms["depth"] = weights.depth * losses.depth(logits, batch["depth"].flatten(0, 1))
        else:
            tokens = getattr(model, m)(batch[m + "_raster"].contiguous(memory_format=torch.channels_last))
        terms[m] = losses.detection(*model.aux[m](tokens), batch, weights.regression)
    total = sum(terms.values())
    return total, {k: float(v.detach()) for k, v in terms.items()}


def _joint_terms(model, batch, d, stage, config):
    """Return the terms of a stage with all encoders: the fuser's, and those of the encoders that move.

    Frozen encoders are run once, without gradients.
    """
    weights, terms = config.loss, {}
    here = batch["present"].amax(0) > 0
    tokens, seen, logits = model.encode(batch, stage.train)
    if stage.objective == "fusion":
        both, covers = degrade(tokens, seen, d)
        twice = {k: torch.cat([batch[k], batch[k]]) for k in ("heat", "reg", "centre")}
        fuser = getattr(model, stage.fuser)
        heat, reg, _, _ = fuser.fuse(both, covers, d.present, d.reliability, d.age)
        terms["fused"] = losses.detection(heat, reg, twice, weights.regression)
    aux = weights.aux if stage.objective == "fusion" else 1.0
    moving = [m for m, name in enumerate(MODALITIES) if name in stage.train and here[m]]
    for m in moving:
        rows = batch["present"][:, m] > 0
        those = {k: batch[k][rows] for k in ("heat", "reg", "centre")}
        own = losses.detection(*model.aux[MODALITIES[m]](tokens[m][rows]), those, weights.regression)
        terms[MODALITIES[m]] = aux * own
    if CAMERA in moving:
        terms["depth"] = weights.depth * losses.depth(logits, batch["depth"].flatten(0, 1))
    for a in range(3):
        for b in range(a + 1, 3):
            if weights.align > 0 and (a in moving or b in moving) and here[a] and here[b]:
                where = batch["object_cells"] & (batch["present"][:, a] * batch["present"][:, b] > 0)[:, None, None]
                pair = losses.align(tokens[a], tokens[b], where, weights.temperature)
                terms["align"] = terms.get("align", 0.0) + weights.align * pair
    return terms
