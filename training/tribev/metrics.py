"""A quick check of a network in training: average precision by centre distance. `fusiond eval` gives real figures."""

import numpy as np
import torch
import torch.nn.functional as F

from .batch import collate, visible
from .grid import CLASSES, HEAD_M, MODALITIES, RANGE_M
from .model import TriBEV
from .store import Store

DISTANCES = (0.5, 1.0, 2.0, 4.0)
# nuScenes' range of each class, and the distance within which a weaker peak of the same class is the same object.
RANGE = dict(zip(CLASSES, (50, 50, 50, 50, 50, 40, 40, 40, 30, 30), strict=True))
APART = dict(zip(CLASSES, (2.0, 3.0, 4.0, 4.0, 3.0, 0.5, 1.0, 1.0, 0.5, 0.8), strict=True))


def decode(heat: np.ndarray, reg: np.ndarray, top: int = 300, floor: float = 0.05) -> np.ndarray:
    """Read boxes off heat and reg [10, 128, 128]: [n, 11] class, x, y, z, l, w, h, yaw, vx, vy, score, best first."""
    t = torch.from_numpy(heat)[None]
    peak = np.where((F.max_pool2d(t, 3, 1, 1) == t)[0].numpy(), heat, 0).ravel()
    best = np.argsort(-peak, kind="stable")[:top]
    best = best[peak[best] > floor]
    kind, i, j = np.unravel_index(best, heat.shape)
    r = reg[:, i, j]
    x, y = (i + r[0]) * HEAD_M - RANGE_M, (j + r[1]) * HEAD_M - RANGE_M
    size, yaw = np.exp(r[3:6].clip(-3, 3.5)), np.arctan2(r[6], r[7])
    found = np.stack([kind, x, y, r[2], *size, yaw, r[8], r[9], peak[best]], axis=1)
    keep: list[int] = []
    for n, b in enumerate(found):
        near = [m for m in keep if found[m, 0] == b[0]]
        if all(np.hypot(*(found[m, 1:3] - b[1:3])) > APART[CLASSES[int(b[0])]] for m in near):
            keep.append(n)
    return found[keep]


def average_precision(found: list[np.ndarray], truth: list[np.ndarray], distance: float) -> float:
    """Return nuScenes' AP of one class: found [n, 3] x, y, score and truth [m, 2] for each set; NaN without truth."""
    total = sum(map(len, truth))
    if total == 0:
        return float("nan")
    rows = sorted(((f[2], n, f[0], f[1]) for n, fs in enumerate(found) for f in fs), key=lambda r: -r[0])
    taken: set[tuple[int, int]] = set()
    hits = np.zeros(len(rows))
    for k, (_, n, x, y) in enumerate(rows):
        free = [m for m in range(len(truth[n])) if (n, m) not in taken]
        if free:
            gaps = [np.hypot(truth[n][m][0] - x, truth[n][m][1] - y) for m in free]
            if min(gaps) < distance:
                taken.add((n, free[int(np.argmin(gaps))]))
                hits[k] = 1
    if not hits.any():
        return 0.0
    tp = np.cumsum(hits)
    precision = np.interp(np.linspace(0, 1, 101), tp / total, tp / np.arange(1, len(rows) + 1), right=0)
    return float(np.clip(precision[11:] - 0.1, 0, None).mean() / 0.9)


@torch.no_grad()
def check(model: TriBEV, store: Store, ids: list[int], fuser: str) -> dict[str, dict[str, list]]:
    """Return AP at 0.5, 1, 2 and 4 m of each class that occurs, for every subset of the modalities that occur.

    {"lidar+camera": {"car": [..4..]}, ...}. The model is put into evaluation mode.
    """
    model.eval()
    net = model.net(fuser).eval()
    if not ids:
        return {}
    seen = np.stack([store.present(i) for i in ids]).max(0)
    subsets = [k for k in range(1, 8) if all(seen[m] for m in range(3) if k >> m & 1)]
    found: dict[int, list[np.ndarray]] = {k: [] for k in subsets}
    truth = []
    for i in ids:
        sample = store.load(i)
        b = collate([sample])
        truth.append(visible(sample))
        tokens, covers, _ = model.encode(b)
        for k in subsets:
            here = b["present"] * torch.tensor([[float(k >> m & 1) for m in range(3)]])
            heat, reg, _, _ = net.fuser.fuse(tokens, covers, here, b["reliability"], b["age"])
            found[k].append(decode(heat[0].numpy(), reg[0].numpy()))
    result = {}
    for k in subsets:
        name = "+".join(MODALITIES[m] for m in range(3) if k >> m & 1)
        result[name] = {}
        for c, cls in enumerate(CLASSES):
            f = [_near(x[x[:, 0] == c], cls)[:, [1, 2, 10]] for x in found[k]]
            t = [_near(x[x[:, 0] == c], cls)[:, 1:3] for x in truth]
            if sum(map(len, t)):
                result[name][cls] = [round(average_precision(f, t, d), 4) for d in DISTANCES]
    return result


def _near(boxes: np.ndarray, cls: str) -> np.ndarray:
    return boxes[np.hypot(boxes[:, 1], boxes[:, 2]) < RANGE[cls]]
