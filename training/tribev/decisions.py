"""Decision weights of the late strategy: how far each modality's own boxes are to be believed, by class and range."""

import numpy as np
import torch

from .batch import collate, visible
from .grid import CLASSES, MODALITIES
from .late import LateNet
from .metrics import decode
from .model import TriBEV
from .store import Store

RANGES_M = (15.0, 30.0, 51.2)  # upper ends of the bins of distance from ego
HIT_M = 2.0  # a box is right if its centre is this near to an object of its class that no better box has taken
PRIOR = 2.0  # summed score that a modality's average stands for where a bin has little of its own


def hits(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Say which boxes [n, 11], best first, are right, given the objects [m, 10]."""
    taken = np.zeros(len(truth), bool)
    right = np.zeros(len(found), bool)
    for n, b in enumerate(found):
        gap = np.hypot(truth[:, 1] - b[1], truth[:, 2] - b[2])
        gap = np.where(taken | (truth[:, 0] != b[0]), np.inf, gap)
        if len(gap) and gap.min() < HIT_M:
            taken[gap.argmin()] = right[n] = True
    return right


def bins(xy: np.ndarray) -> np.ndarray:
    """Return the range bin of each centre [n, 2]; what is beyond the last end is in the last."""
    return np.searchsorted(RANGES_M[:-1], np.hypot(xy[:, 0], xy[:, 1]), side="right")


def weigh(score: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return weights in 0..1 from summed scores and summed scores of what was right, all [classes, bins].

    The precision by score, drawn to the modality's own average where a bin has seen little.
    """
    average = right.sum() / max(score.sum(), 1e-9)
    return (right + PRIOR * average) / (score + PRIOR)


@torch.no_grad()
def decision_weights(
    model: TriBEV, store: Store, ids: list[int], trained: list[str]
) -> dict[str, dict[str, list[float]]]:
    """Return {modality: {class: [weight a range bin]}} from the sets ids; 0 for a modality that is not trained."""
    model.eval()
    net: LateNet = model.net("late").eval()
    shape = (len(MODALITIES), len(CLASSES), len(RANGES_M))
    score, right = np.zeros(shape), np.zeros(shape)
    for i in ids:
        sample = store.load(i)
        b = collate([sample])
        tokens, seen, _ = model.encode(b)
        heat, reg, _, _ = net.decide(tokens, seen, b["present"], b["reliability"], b["age"])
        truth = visible(sample)
        for m in range(len(MODALITIES)):
            found = decode(heat[0, m].numpy(), reg[0, m].numpy())
            at = m, found[:, 0].astype(int), bins(found[:, 1:3])
            np.add.at(score, at, found[:, 10])
            np.add.at(right, at, found[:, 10] * hits(found, truth))
    out = {}
    for m, name in enumerate(MODALITIES):
        w = weigh(score[m], right[m]) * (name in trained)
        out[name] = {c: [round(float(x), 3) for x in w[k]] for k, c in enumerate(CLASSES)}
    return out
