"""Making the batch of a step: which samples, how they are changed, and what the fuser is led to doubt.

All randomness of a step comes from (seed, stage, step), so a resumed run continues exactly as if never stopped.
"""

import functools
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .augment import augment
from .config import Config, Doubt
from .data import Sample, targets
from .grid import CAMERA, HEAD_CELLS, LIDAR, MODALITIES, TOKEN_CELLS
from .store import Store

THREADS, AHEAD = 2, 4  # that make batches beside the training, and how many batches they may be ahead
# Arrays that only one modality needs.
OWN = {
    "lidar": ("lidar_raster",),
    "radar": ("radar_raster",),
    "camera": ("images", "lift_index", "lift_weight", "cam_present", "depth"),
}

DEPTH_TRUST = 0.9  # a lidar believed less than this teaches the camera no depth: in fog it sees the fog
BLOCK = 8  # side of the squares of cells that a degraded modality loses
# Weight of each proper subset when all three are there, bit 0 lidar, 1 radar, 2 camera: one missing 0.10 each; alone:
# lidar 0.08, radar 0.05, camera 0.07. Where fewer are there, the subsets of those are drawn in the same proportion.
SUBSET_WEIGHT = {0b110: 0.10, 0b101: 0.10, 0b011: 0.10, 0b001: 0.08, 0b010: 0.05, 0b100: 0.07}


@dataclass
class Draw:
    """What a fusion step hides from the fuser or leads it to doubt. Rows 0..B-1: full sets; B..2B-1: subsets."""

    present: Tensor  # [2B, 3] 0 or 1
    reliability: Tensor  # [2B, 3] 0..1: what was measured, times the doubt that was drawn
    age: Tensor  # [2B, 3] s, likewise
    other: Tensor  # [B] int64: the sample whose tokens replace a degraded part
    swap: Tensor  # [B] bool: the full set gets the other's camera tokens
    spoilt: Tensor  # [2B, 3, 64, 64] bool: cells of a modality that come from the other sample


@functools.lru_cache(maxsize=64)
def _permutation(n: int, key: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(key).permutation(n)


def order(n: int, seed: int, stage: int, start: int, count: int, group: int = 0) -> list[int]:
    """Return `count` positions in 0..n-1 from place `start` of an endless series of random permutations."""
    places = range(start, start + count)
    return [int(_permutation(n, (seed, 1, stage, group, p // n))[p % n]) for p in places]


def schedule(groups: list[tuple[tuple[int, ...], float]], seed: int, stage: int, start: int, count: int) -> list[int]:
    """Return the sets that places start.. of an endless series draw.

    groups: sets and the weight of each. A round of the series holds weight * len(sets) draws of each group, at least
    one, mixed at random; each group is gone through evenly, round after round.
    """
    share = [max(1, round(w * len(ids))) for ids, w in groups]
    size = sum(share)
    whose = np.repeat(np.arange(len(groups)), share)
    out = []
    for place in range(start, start + count):
        turn, at = divmod(place, size)
        mixed = whose[_permutation(size, (seed, 3, stage, turn))]
        g = int(mixed[at])
        nth = turn * share[g] + int((mixed[:at] == g).sum())
        ids = groups[g][0]
        out.append(ids[order(len(ids), seed, stage, nth, 1, g)[0]])
    return out


def subset_of(available: int, rng: np.random.Generator) -> int:
    """Return a random proper non-empty subset of the bits in available; available itself where there is none."""
    some = [k for k in SUBSET_WEIGHT if k & ~available == 0 and k != available]
    if not some:
        return available
    w = np.array([SUBSET_WEIGHT[k] for k in some])
    return int(rng.choice(some, p=w / w.sum()))


def draw(
    present: np.ndarray, measured: np.ndarray, age: np.ndarray, doubt: Doubt, believe: bool, rng: np.random.Generator
) -> Draw:
    """Draw subsets, reliabilities, ages and swaps for samples with present, measured reliability and age, all [B, 3].

    Reliability is the measured one times the drawn one; a swapped camera brings its own. Without believe it is 1.
    """
    b, mods = len(present), len(MODALITIES)
    other = (np.arange(b) + 1) % b
    full = present.astype(np.float32)
    swap = (rng.random(b) < doubt.swap) & (full[:, CAMERA] > 0) & (full[other, CAMERA] > 0) & (b > 1)
    bits = [int(p @ (1 << np.arange(mods))) for p in present.astype(np.int64)]
    bits = [subset_of(k, rng) if rng.random() < doubt.subset else k for k in bits]
    part = np.array([[k >> m & 1 for m in range(mods)] for k in bits], np.float32)
    worse = (rng.random((2 * b, mods)) < doubt.degrade) & np.tile(full[other] > 0, (2, 1)) & (b > 1)
    r = np.where(worse, rng.uniform(0.3, 1.0, (2 * b, mods)), 1.0)
    blocks = rng.random((2 * b, mods, TOKEN_CELLS // BLOCK, TOKEN_CELLS // BLOCK)) < (1 - r)[:, :, None, None]
    old = rng.random((2 * b, mods)) < doubt.age
    own = np.tile(measured.astype(np.float64), (2, 1))
    own[:b][swap, CAMERA] = measured[other][swap, CAMERA]
    more = np.where(old, rng.uniform(0, 0.3, (2 * b, mods)), 0)
    return Draw(
        present=torch.from_numpy(np.concatenate([full, part])),
        reliability=torch.from_numpy((own * r if believe else np.ones_like(r)).astype(np.float32)),
        age=torch.from_numpy((np.tile(age, (2, 1)) + more).astype(np.float32)),
        other=torch.from_numpy(other),
        swap=torch.from_numpy(swap),
        spoilt=torch.from_numpy(blocks.repeat(BLOCK, 2).repeat(BLOCK, 3)),
    )


def visible(s: Sample) -> np.ndarray:
    """Return the boxes that clean sensors would see: those that may be trained on and scored."""
    return s["boxes"][s["box_points"] > 0]


def only(s: Sample, objective: str) -> Sample:
    """Return a sample without the arrays that a stage of this objective does not read."""
    unused = {name for m, names in OWN.items() if objective in OWN and m != objective for name in names}
    return {k: v for k, v in s.items() if k not in unused}


def collate(samples: list[Sample]) -> dict[str, Tensor]:
    """Stack samples into one batch of tensors, with targets.

    lidar_raster, radar_raster, images, lift_weight, cam_present, present, age, reliability float32; lift_index, depth
    int64; heat, reg [B, 10, 128, 128], centre [B, 128, 128], object_cells [B, 64, 64] bool.
    """
    whole = {"lift_index": np.int64, "depth": np.int64}
    batch = {}
    for k, first in samples[0].items():
        if k not in ("boxes", "box_points"):
            a = np.empty((len(samples), *first.shape), whole.get(k, np.float32))
            for n, s in enumerate(samples):
                a[n] = s[k] if k != "depth" or s["reliability"][LIDAR] > DEPTH_TRUST else -1
            batch[k] = torch.from_numpy(a)
    made = zip(*(targets(visible(s)) for s in samples), strict=True)
    heat, reg, centre = (np.stack(v) for v in made)
    batch |= {"heat": torch.from_numpy(heat), "reg": torch.from_numpy(reg), "centre": torch.from_numpy(centre)}
    fine = HEAD_CELLS // TOKEN_CELLS
    cells = centre.reshape(-1, TOKEN_CELLS, fine, TOKEN_CELLS, fine).max((2, 4)) > 0
    return batch | {"object_cells": torch.from_numpy(cells)}


def make(store: Store, ids: list[int], config: Config, stage: int, step: int) -> tuple[dict[str, Tensor], Draw]:
    """Return batch and draw of one step: a pure function of its arguments and the tensors."""
    rng = np.random.default_rng([config.seed, 2, stage, step])
    leg = config.stages[stage]
    picked = schedule(store.groups(ids), config.seed, stage, step * leg.batch, leg.batch)
    samples = [augment(only(store.load(i), leg.objective), config.augment, rng) for i in picked]
    known = (np.stack([s[k] for s in samples]) for k in ("present", "reliability", "age"))
    return collate(samples), draw(*known, config.doubt, config.reliability, rng)


def feed(store: Store, ids: list[int], config: Config, stage: int, start: int) -> Iterator:
    """Yield make() for the steps from start to the stage's end, made ahead by two threads of its own.

    The threads end when the generator is closed or exhausted; their errors are raised here.
    """
    steps = iter(range(start, config.stages[stage].steps))
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="feed")
    ready: deque = deque()

    def order_one() -> None:
        step = next(steps, None)
        if step is not None:
            ready.append(pool.submit(make, store, ids, config, stage, step))

    try:
        for _ in range(AHEAD):
            order_one()
        while ready:
            item = ready.popleft().result()
            order_one()
            yield item
    finally:
        for f in ready:
            f.cancel()
        pool.shutdown(wait=True)
