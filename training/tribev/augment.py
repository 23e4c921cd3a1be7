"""Changes made to a sample for training. Each keeps raster, images, lifting table, depth and boxes consistent.

Functions take a sample as data.read_set returns it and give a new one; the input is not changed.
"""

import math

import numpy as np

from .config import Augment
from .data import Sample
from .grid import BINS, CAMERAS, COLUMNS, INTENSITY, RADAR_VX, RADAR_VY, ROWS_V, STRIDE, TAPS, TOKEN_CELLS

_MAP = (TOKEN_CELLS, TOKEN_CELLS, TAPS)


def augment(s: Sample, config: Augment, rng: np.random.Generator) -> Sample:
    """Apply a random choice of everything below."""
    if rng.random() < config.mirror:
        s = mirror(s)
    if rng.random() < config.rotate:
        s = rotate(s, int(rng.integers(1, 4)))
    if rng.random() < config.shift:
        s = shift_images(s, rng.integers(-2, 3, CAMERAS), rng.integers(-1, 2, CAMERAS))
    if rng.random() < config.colour:
        s = recolour(s, rng)
    s = thin(s, config, rng)
    if rng.random() < config.camera_drop and s["cam_present"].sum() > 2:
        s = drop_cameras(s, rng.choice(np.flatnonzero(s["cam_present"]), int(rng.integers(1, 3)), replace=False))
    return s


def mirror(s: Sample) -> Sample:
    """Swap left and right: y, yaw and vy change sign and every image is mirrored in its slot."""
    boxes = s["boxes"].copy()
    boxes[:, [2, 7, 9]] *= -1
    radar = s["radar_raster"][:, :, ::-1].copy()
    radar[RADAR_VY] *= -1
    index = s["lift_index"].reshape(_MAP)[:, ::-1].reshape(-1, TAPS)
    column = index // BINS % COLUMNS
    return {
        **s,
        "lidar_raster": s["lidar_raster"][:, :, ::-1].copy(),
        "radar_raster": radar,
        "images": s["images"][..., ::-1].copy(),
        "depth": s["depth"][..., ::-1].copy(),
        "lift_index": index + (COLUMNS - 1 - 2 * column) * BINS,
        "lift_weight": s["lift_weight"].reshape(_MAP)[:, ::-1].reshape(-1, TAPS).copy(),
        "boxes": boxes,
    }


def rotate(s: Sample, quarters: int) -> Sample:
    """Turn the world by quarters * 90 degrees about z, counter-clockwise seen from above. Images stay as they are."""
    radar = np.rot90(s["radar_raster"], quarters, (1, 2)).copy()
    boxes = s["boxes"].copy()
    for _ in range(quarters % 4):
        radar[[RADAR_VX, RADAR_VY]] = -radar[RADAR_VY], radar[RADAR_VX].copy()
        for x, y in ((1, 2), (8, 9)):
            boxes[:, [x, y]] = np.stack([-boxes[:, y], boxes[:, x]], 1)
    turned = boxes[:, 7] + quarters * math.pi / 2
    boxes[:, 7] = np.arctan2(np.sin(turned), np.cos(turned))
    return {
        **s,
        "lidar_raster": np.rot90(s["lidar_raster"], quarters, (1, 2)).copy(),
        "radar_raster": radar,
        "lift_index": np.rot90(s["lift_index"].reshape(_MAP), quarters).reshape(-1, TAPS),
        "lift_weight": np.rot90(s["lift_weight"].reshape(_MAP), quarters).reshape(-1, TAPS),
        "boxes": boxes,
    }


def _moved(a: np.ndarray, right: int, down: int, fill) -> np.ndarray:
    """Return a [..., H, W] moved by whole cells; what comes in at the edges is fill."""
    out = np.full_like(a, fill)
    h, w = a.shape[-2:]
    to = (..., slice(max(0, down), h + min(0, down)), slice(max(0, right), w + min(0, right)))
    out[to] = a[..., slice(max(0, -down), h + min(0, -down)), slice(max(0, -right), w + min(0, -right))]
    return out


def shift_images(s: Sample, right: np.ndarray, down: np.ndarray) -> Sample:
    """Move camera k's image by right[k], down[k] feature cells of 8 pixels, and the table's columns with it."""
    images, depth = s["images"].copy(), s["depth"].copy()
    for k in range(CAMERAS):
        r, d = int(right[k]), int(down[k])
        images[k] = _moved(images[k], r * STRIDE, d * STRIDE, 120)
        depth[k] = _moved(depth[k].reshape(ROWS_V, COLUMNS), r, d, -1)
    index = s["lift_index"]
    step = np.asarray(right, index.dtype)[index // (BINS * COLUMNS)]
    column = index // BINS % COLUMNS + step
    inside = (column >= 0) & (column < COLUMNS)
    return {
        **s,
        "images": images,
        "depth": depth,
        "lift_index": np.where(inside, index + step * BINS, index),
        "lift_weight": np.where(inside, s["lift_weight"], np.float32(0)),
    }


def recolour(s: Sample, rng: np.random.Generator) -> Sample:
    """Change brightness, contrast and colour balance of each camera, and add noise."""
    x = s["images"].astype(np.float32)
    gain = rng.uniform(0.6, 1.4, (CAMERAS, 1, 1, 1)) * rng.uniform(0.9, 1.1, (CAMERAS, 3, 1, 1))
    mean = x.mean((1, 2, 3), keepdims=True)
    x = (x - mean) * gain + mean + rng.uniform(-30, 30, (CAMERAS, 1, 1, 1))
    x += rng.standard_normal(x.shape, np.float32) * np.float32(rng.uniform(0, 6))
    return {**s, "images": x.clip(0, 255).astype(np.uint8)}


def thin(s: Sample, config: Augment, rng: np.random.Generator) -> Sample:
    """Take the lidar's intensity away, or some of its raster cells."""
    intensity, cells = rng.random() < config.intensity_drop, rng.random() < config.cell_drop
    if not (intensity or cells):
        return s
    raster = s["lidar_raster"].copy()
    if intensity:
        raster[INTENSITY] = 0
    if cells:
        raster[:, rng.random(raster.shape[1:], np.float32) < rng.uniform(0, config.cell_drop_max)] = 0
    return {**s, "lidar_raster": raster}


def drop_cameras(s: Sample, which: np.ndarray) -> Sample:
    """Mark cameras absent and empty what they held."""
    images, depth, here = s["images"].copy(), s["depth"].copy(), s["cam_present"].copy()
    images[which], depth[which], here[which] = 0, -1, 0
    return {**s, "images": images, "depth": depth, "cam_present": here}
