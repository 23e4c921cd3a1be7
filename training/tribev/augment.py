"""Changes made to a sample for training. Each keeps raster, images, lifting table, depth and boxes consistent.

Functions take a sample as data.read_set returns it, or one that lacks the arrays of a modality, and give a new one; the
input is not changed.
"""

import math

import numpy as np

from . import sweep
from .config import Augment
from .data import Sample
from .grid import (
    BINS,
    CAMERAS,
    COLUMNS,
    INTENSITY,
    RADAR_VX,
    RADAR_VY,
    RANGE_M,
    ROWS_V,
    STRIDE,
    TAPS,
    TOKEN_CELLS,
)

_MAP = (TOKEN_CELLS, TOKEN_CELLS, TAPS)
PIXELS = 4  # most that a miscalibrated camera is off by: 1 degree at 70 degrees a picture
BEAM_RAD = (0.006, 0.04)  # spacing of a coarser lidar's beams: 64 to 12 of them in 25 degrees
MOUNT_M = (1.4, 2.4)  # height of a lidar above ground


def augment(s: Sample, config: Augment, rng: np.random.Generator) -> Sample:
    """Apply a random choice of everything below."""
    if rng.random() < config.mirror:
        s = mirror(s)
    if rng.random() < config.rotate:
        s = rotate(s, int(rng.integers(1, 4)))
    if rng.random() < config.warp:
        angle = math.radians(rng.uniform(-config.warp_deg, config.warp_deg))
        s = warp(s, angle, rng.uniform(1 - config.warp_scale, 1 + config.warp_scale))
    if "lidar_raster" in s:
        s = change_lidar(s, config, rng)
    if "images" not in s:
        return s
    if rng.random() < config.shift:
        s = shift_images(s, rng.integers(-2, 3, CAMERAS))
    if rng.random() < config.miscalibrate:
        s = miscalibrate(s, rng.integers(-PIXELS, PIXELS + 1, CAMERAS), rng.integers(-PIXELS, PIXELS + 1, CAMERAS))
    if rng.random() < config.colour:
        s = recolour(s, rng)
    if rng.random() < config.camera_drop and s["cam_present"].sum() > 2:
        s = drop_cameras(s, rng.choice(np.flatnonzero(s["cam_present"]), int(rng.integers(1, 3)), replace=False))
    return s


def mirror(s: Sample) -> Sample:
    """Swap left and right: y, yaw and vy change sign and every image is mirrored in its slot."""
    out = dict(s)
    out["boxes"] = s["boxes"].copy()
    out["boxes"][:, [2, 7, 9]] *= -1
    if "lidar_raster" in s:
        out["lidar_raster"] = s["lidar_raster"][:, :, ::-1]
    if "radar_raster" in s:
        out["radar_raster"] = s["radar_raster"][:, :, ::-1].copy()
        out["radar_raster"][RADAR_VY] *= -1
    if "images" in s:
        index = s["lift_index"].reshape(_MAP)[:, ::-1].reshape(-1, TAPS)
        column = index // BINS % COLUMNS
        out["images"], out["depth"] = s["images"][..., ::-1], s["depth"][..., ::-1]
        out["lift_index"] = index + (COLUMNS - 1 - 2 * column) * BINS
        out["lift_weight"] = s["lift_weight"].reshape(_MAP)[:, ::-1].reshape(-1, TAPS)
    return out


def _turn_vectors(radar: np.ndarray, boxes: np.ndarray, angle: float) -> None:
    """Turn the radar's velocities and the boxes' places, velocities and yaws by an angle about z, in place."""
    c, n = (float(f(angle)) for f in (math.cos, math.sin))
    if abs(angle * 2 / math.pi - round(angle * 2 / math.pi)) < 1e-12:
        c, n = float(round(c)), float(round(n))
    if radar is not None:
        vx, vy = radar[RADAR_VX].copy(), radar[RADAR_VY].copy()
        radar[RADAR_VX], radar[RADAR_VY] = c * vx - n * vy, n * vx + c * vy
    for x, y in ((1, 2), (8, 9)):
        a, b = boxes[:, x].copy(), boxes[:, y].copy()
        boxes[:, x], boxes[:, y] = c * a - n * b, n * a + c * b
    yaw = boxes[:, 7] + angle
    boxes[:, 7] = np.arctan2(np.sin(yaw), np.cos(yaw))


def rotate(s: Sample, quarters: int) -> Sample:
    """Turn the world by quarters * 90 degrees about z, counter-clockwise seen from above. Images stay as they are."""
    out = dict(s)
    out["boxes"] = s["boxes"].copy()
    for name in ("lidar_raster", "radar_raster"):
        if name in s:
            out[name] = np.rot90(s[name], quarters, (1, 2)).copy()
    _turn_vectors(out.get("radar_raster"), out["boxes"], quarters * math.pi / 2)
    if "images" in s:
        for name in ("lift_index", "lift_weight"):
            out[name] = np.rot90(s[name].reshape(_MAP), quarters).reshape(-1, TAPS)
    return out


def _source(n: int, angle: float, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each cell of an n x n grid, the flat cell that a turn and a scaling bring there, and if it exists."""
    cell = 2 * RANGE_M / n
    at = (np.arange(n, dtype=np.float32) + 0.5) * cell - RANGE_M
    c, d = math.cos(angle) / scale, math.sin(angle) / scale
    x, y = c * at[:, None] + d * at[None], c * at[None] - d * at[:, None]
    i, j = (np.floor((v + RANGE_M) / cell).astype(np.int32) for v in (x, y))
    inside = (i >= 0) & (i < n) & (j >= 0) & (j < n)
    return np.where(inside, i * n + j, 0).ravel(), inside.ravel()


def _fetch(a: np.ndarray, angle: float, scale: float) -> np.ndarray:
    """Return a raster [channels, n, n] turned and scaled, by the nearest cell."""
    at, inside = _source(a.shape[1], angle, scale)
    flat = a.reshape(len(a), -1)
    used = flat.any(0)
    inside &= used[at]
    out = np.zeros_like(flat)
    out[:, inside] = flat[:, at[inside]]
    return out.reshape(a.shape)


def warp(s: Sample, angle: float, scale: float) -> Sample:
    """Turn the world by an angle (rad) about z and scale the plane, by nearest cells; heights stay.

    Boxes are exact; rasters and the lifting table are off by half a cell at most.
    """
    out = dict(s)
    boxes = out["boxes"] = s["boxes"].copy()
    for name in ("lidar_raster", "radar_raster"):
        if name in s:
            out[name] = _fetch(s[name], angle, scale)
    _turn_vectors(out.get("radar_raster"), boxes, angle)
    boxes[:, [1, 2, 4, 5, 8, 9]] *= np.float32(scale)
    if "radar_raster" in s:
        out["radar_raster"][[RADAR_VX, RADAR_VY, RADAR_VY + 1]] *= np.float16(scale)
    if "images" in s:
        at, inside = _source(TOKEN_CELLS, angle, scale)
        out["lift_index"] = s["lift_index"][at]
        out["lift_weight"] = s["lift_weight"][at] * inside[:, None]
    return out


def change_lidar(s: Sample, config: Augment, rng: np.random.Generator) -> Sample:
    """Give the lidar another height, tilt, beams, intensity, or fewer cells; boxes move with height and tilt."""
    tilt, beams, cells = (rng.random() < p for p in (config.tilt, config.beam_drop, config.cell_drop))
    drop, other = rng.random() < config.intensity_drop, rng.random() < config.intensity_scale
    if not (tilt or beams or cells or drop or other):
        return s
    out = dict(s)
    at, values = sweep.columns(s["lidar_raster"])
    x, y = sweep.places(at)
    if drop:
        values[INTENSITY] = 0
    elif other:
        sweep.other_intensity(values, math.exp(rng.uniform(-0.7, 0.7)), math.exp(rng.uniform(-0.5, 0.5)))
    if beams:
        spacing = math.exp(rng.uniform(*map(math.log, BEAM_RAD)))
        sweep.coarser_beams(values, x, y, rng.uniform(*MOUNT_M), spacing, rng.random(), rng)
    if cells:
        sweep.lose(values, rng.uniform(0, config.cell_drop_max), rng)
    if tilt:
        plane = np.tan(np.radians(rng.uniform(-config.tilt_deg, config.tilt_deg, 2))).astype(np.float32)
        height = np.float32(rng.uniform(-config.tilt_m, config.tilt_m))
        live = np.flatnonzero(values[sweep.LOG_COUNT])
        some = values[:, live]
        sweep.lift(some, height + plane[0] * x[live] + plane[1] * y[live], rng)
        values[:, live] = some
        boxes = out["boxes"] = s["boxes"].copy()
        boxes[:, 3] += height + plane[0] * boxes[:, 1] + plane[1] * boxes[:, 2]
    out["lidar_raster"] = sweep.raster(at, values, s["lidar_raster"].dtype)
    return out


def _moved(a: np.ndarray, right: int, down: int, fill) -> np.ndarray:
    """Return a [..., H, W] moved by whole cells; what comes in at the edges is fill."""
    out = np.full_like(a, fill)
    h, w = a.shape[-2:]
    to = (..., slice(max(0, down), h + min(0, down)), slice(max(0, right), w + min(0, right)))
    out[to] = a[..., slice(max(0, -down), h + min(0, -down)), slice(max(0, -right), w + min(0, -right))]
    return out


def shift_images(s: Sample, right: np.ndarray) -> Sample:
    """Move camera k's image by right[k] feature cells of 8 pixels, and the table's columns with it.

    Never up or down: the horizon lies in the same row of every picture, so rows tell depth.
    """
    images, depth = s["images"].copy(), s["depth"].copy()
    for k in range(CAMERAS):
        r = int(right[k])
        images[k] = _moved(images[k], r * STRIDE, 0, 120)
        depth[k] = _moved(depth[k].reshape(ROWS_V, COLUMNS), r, 0, -1)
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


def miscalibrate(s: Sample, right: np.ndarray, down: np.ndarray) -> Sample:
    """Move camera k's image by right[k], down[k] pixels and leave its table: the calibration is then off."""
    images = s["images"].copy()
    for k in range(CAMERAS):
        images[k] = _moved(images[k], int(right[k]), int(down[k]), 120)
    return {**s, "images": images}


def recolour(s: Sample, rng: np.random.Generator) -> Sample:
    """Change brightness, contrast and colour balance of each camera, and add noise."""
    x = s["images"].astype(np.float32)
    gain = (rng.uniform(0.6, 1.4, (CAMERAS, 1, 1, 1)) * rng.uniform(0.9, 1.1, (CAMERAS, 3, 1, 1))).astype(np.float32)
    mean = x.mean((1, 2, 3), keepdims=True)
    x -= mean
    x *= gain
    x += mean + rng.uniform(-30, 30, (CAMERAS, 1, 1, 1)).astype(np.float32)
    level = rng.uniform(0, 6)
    if level > 1:
        # One map of noise for all cameras, moved apart: as good for training and six times cheaper.
        noise = rng.standard_normal(x.shape[1:], np.float32) * np.float32(level)
        for k in range(CAMERAS):
            x[k] += np.roll(noise, 37 * k, 2)
    return {**s, "images": x.clip(0, 255).astype(np.uint8)}


def drop_cameras(s: Sample, which: np.ndarray) -> Sample:
    """Mark cameras absent and empty what they held."""
    images, depth, here = s["images"].copy(), s["depth"].copy(), s["cam_present"].copy()
    images[which], depth[which], here[which] = 0, -1, 0
    return {**s, "images": images, "depth": depth, "cam_present": here}
