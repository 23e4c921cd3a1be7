"""Making the batch of a step: which samples, how they are changed, and what the fuser is led to doubt.

All randomness of a step comes from (seed, stage, step), so a resumed run continues exactly as if never stopped.
"""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .augment import augment
from .config import Config, Doubt
from .data import Sample, Store, targets
from .grid import CAMERA, MODALITIES, TOKEN_CELLS

BLOCK = 8  # side of the squares of cells that a degraded modality loses
# Weight of each proper subset when all three are there, bit 0 lidar, 1 radar, 2 camera: one missing 0.10 each; alone:
# lidar 0.08, radar 0.05, camera 0.07. Where fewer are there, the subsets of those are drawn in the same proportion.
SUBSET_WEIGHT = {0b110: 0.10, 0b101: 0.10, 0b011: 0.10, 0b001: 0.08, 0b010: 0.05, 0b100: 0.07}


@dataclass
class Draw:
    """What a fusion step hides from the fuser or leads it to doubt. Rows 0..B-1: full sets; B..2B-1: subsets."""

    present: Tensor  # [2B, 3] 0 or 1
    reliability: Tensor  # [2B, 3] in (0.3, 1]
    age: Tensor  # [2B, 3] s
    other: Tensor  # [B] int64: the sample whose tokens replace a degraded part
    swap: Tensor  # [B] bool: the full set gets the other's camera tokens
    spoilt: Tensor  # [2B, 3, 64, 64] bool: cells of a modality that come from the other sample


def order(n: int, seed: int, stage: int, start: int, count: int) -> list[int]:
    """Return `count` positions in 0..n-1 from place `start` of an endless series of random permutations."""
    out, epoch = [], -1
    for place in range(start, start + count):
        if place // n != epoch:
            epoch = place // n
            perm = np.random.default_rng([seed, 1, stage, epoch]).permutation(n)
        out.append(int(perm[place % n]))
    return out


def subset_of(available: int, rng: np.random.Generator) -> int:
    """Return a random proper non-empty subset of the bits in available; available itself where there is none."""
    some = [k for k in SUBSET_WEIGHT if k & ~available == 0 and k != available]
    if not some:
        return available
    w = np.array([SUBSET_WEIGHT[k] for k in some])
    return int(rng.choice(some, p=w / w.sum()))


def draw(present: np.ndarray, doubt: Doubt, rng: np.random.Generator) -> Draw:
    """Draw subsets, reliabilities, ages and swaps for samples with present [B, 3]."""
    b, mods = len(present), len(MODALITIES)
    other = (np.arange(b) + 1) % b
    full = present.astype(np.float32)
    swap = (rng.random(b) < doubt.swap) & (full[:, CAMERA] > 0) & (full[other, CAMERA] > 0) & (b > 1)
    bits = [subset_of(int(p @ (1 << np.arange(mods))), rng) for p in present.astype(np.int64)]
    part = np.array([[k >> m & 1 for m in range(mods)] for k in bits], np.float32)
    worse = (rng.random((2 * b, mods)) < doubt.degrade) & np.tile(full[other] > 0, (2, 1)) & (b > 1)
    r = np.where(worse, rng.uniform(0.3, 1.0, (2 * b, mods)), 1.0)
    blocks = rng.random((2 * b, mods, TOKEN_CELLS // BLOCK, TOKEN_CELLS // BLOCK)) < (1 - r)[:, :, None, None]
    old = rng.random((2 * b, mods)) < doubt.age
    return Draw(
        present=torch.from_numpy(np.concatenate([full, part])),
        reliability=torch.from_numpy(r.astype(np.float32)),
        age=torch.from_numpy(np.where(old, rng.uniform(0, 0.3, (2 * b, mods)), 0).astype(np.float32)),
        other=torch.from_numpy(other),
        swap=torch.from_numpy(swap),
        spoilt=torch.from_numpy(blocks.repeat(BLOCK, 2).repeat(BLOCK, 3)),
    )


def visible(s: Sample) -> np.ndarray:
    """Return the boxes with lidar points inside: those that may be trained on and scored."""
    return s["boxes"][s["box_points"] > 0]


def collate(samples: list[Sample]) -> dict[str, Tensor]:
    """Stack samples into one batch of tensors, with targets.

    lidar_raster, radar_raster, images, lift_weight, cam_present, present, age float32; lift_index, depth int64;
    heat, reg [B, 10, 128, 128], centre [B, 128, 128], object_cells [B, 64, 64] bool.
    """
    whole = {"lift_index": np.int64, "depth": np.int64}
    batch = {
        k: torch.from_numpy(np.stack([s[k] for s in samples]).astype(whole.get(k, np.float32)))
        for k in samples[0]
        if k not in ("boxes", "box_points")
    }
    made = zip(*(targets(visible(s)) for s in samples), strict=True)
    batch |= {k: torch.from_numpy(np.stack(v)) for k, v in zip(("heat", "reg", "centre"), made, strict=True)}
    batch["object_cells"] = torch.nn.functional.max_pool2d(batch["centre"][:, None], 2)[:, 0] > 0
    return batch


def make(store: Store, ids: list[int], config: Config, stage: int, step: int) -> tuple[dict[str, Tensor], Draw]:
    """Return batch and draw of one step: a pure function of its arguments and the tensors."""
    rng = np.random.default_rng([config.seed, 2, stage, step])
    size = config.stages[stage].batch
    picked = order(len(ids), config.seed, stage, step * size, size)
    samples = [augment(store.load(ids[p]), config.augment, rng) for p in picked]
    return collate(samples), draw(np.stack([s["present"] for s in samples]), config.doubt, rng)


def feed(store: Store, ids: list[int], config: Config, stage: int, start: int) -> Iterator:
    """Yield make() for the steps from start to the stage's end, made ahead (two at most) by one thread of its own.

    The thread ends when the generator is closed or exhausted; its errors are raised here.
    """
    ready: queue.Queue = queue.Queue(maxsize=2)
    stop = threading.Event()

    def put(item) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for step in range(start, config.stages[stage].steps):
                if not put(make(store, ids, config, stage, step)):
                    return
            put(None)
        except Exception as e:  # handed to the consumer, which raises it
            put(e)

    thread = threading.Thread(target=work, name="feed", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()
