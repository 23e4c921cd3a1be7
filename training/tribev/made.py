"""Made data: a few sets of boxes on flat ground, in the files of `fusiond tensors`, for tests and smoke runs.

The rasters, lifting table and depth targets here follow the same definition as the Go encoders' and exist only to
make such sets; training on recordings reads what Go wrote.
"""

import json
import math
from pathlib import Path

import numpy as np

from .data import SCHEMA, Sample
from .grid import (
    BINS,
    BINS_PER_LOG,
    CAMERAS,
    CLASSES,
    COLUMNS,
    DEPTH_FOCAL_PX,
    DEPTH_MAX_M,
    DEPTH_MIN_M,
    HORIZON,
    IMAGE_H,
    IMAGE_W,
    INTENSITY,
    LIDAR_CELLS,
    LIDAR_CHANNELS,
    LIFT_HEIGHT_M,
    LOG_COUNT,
    MAX_Z,
    MODALITIES,
    RADAR_CELLS,
    RADAR_CHANNELS,
    RANGE_M,
    ROWS_V,
    SLICES,
    STRIDE,
    TABLE_ROWS,
    TAPS,
    TOKEN_CELLS,
    Z_MAX_M,
    Z_MIN_M,
)

INPUTS = "0" * 64  # stands where a recorded folder has the fingerprint of the Go encoders' inputs


def _cells(xy: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return flat cell of each point [N, 2] in an n x n raster, and which points lie in it."""
    ij = np.floor((xy + RANGE_M) * (n / (2 * RANGE_M))).astype(np.int64)
    inside = ((ij >= 0) & (ij < n)).all(1)
    return ij[:, 0] * n + ij[:, 1], inside


def lidar_raster(points: np.ndarray) -> np.ndarray:
    """Rasterise points [N, 4] (x, y, z m, ego frame; intensity 0..1) -> [11, 256, 256] float32."""
    cell, inside = _cells(points[:, :2], LIDAR_CELLS)
    inside &= (points[:, 2] > Z_MIN_M) & (points[:, 2] < Z_MAX_M)
    cell, z, intensity = cell[inside], points[inside, 2], points[inside, 3]
    out = np.zeros((LIDAR_CHANNELS, LIDAR_CELLS * LIDAR_CELLS), np.float32)
    level = ((z - Z_MIN_M) * (SLICES / (Z_MAX_M - Z_MIN_M))).astype(np.int64).clip(0, SLICES - 1)
    out[level, cell] = 1
    count = np.bincount(cell, minlength=out.shape[1])
    top = np.full(out.shape[1], -np.inf)
    np.maximum.at(top, cell, z)
    out[MAX_Z] = np.where(count > 0, top, 0) / 4
    out[INTENSITY] = np.bincount(cell, intensity, out.shape[1]) / np.maximum(count, 1)
    out[LOG_COUNT] = np.log1p(count) / 4
    return out.reshape(LIDAR_CHANNELS, LIDAR_CELLS, LIDAR_CELLS)


def radar_raster(detections: np.ndarray) -> np.ndarray:
    """Rasterise detections [N, 6] (x, y m; RCS dBsm; compensated radial velocity vx, vy m/s; age s)."""
    cell, inside = _cells(detections[:, :2], RADAR_CELLS)
    cell, (_, _, rcs, vx, vy, age) = cell[inside], detections[inside].T
    n = RADAR_CELLS * RADAR_CELLS
    count = np.bincount(cell, minlength=n)
    out = np.zeros((RADAR_CHANNELS, n), np.float32)
    strongest, youngest = np.zeros(n), np.full(n, np.inf)
    np.maximum.at(strongest, cell, (rcs + 10) / 30)
    np.minimum.at(youngest, cell, age)
    out[0], out[1], out[5] = np.log1p(count), strongest, np.where(count > 0, youngest, 0)
    for channel, value in ((2, vx), (3, vy), (4, np.hypot(vx, vy))):
        out[channel] = np.bincount(cell, value, n) / np.maximum(count, 1) / 10
    return out.reshape(RADAR_CHANNELS, RADAR_CELLS, RADAR_CELLS)


def depth_place(z: np.ndarray, fx: float) -> tuple[np.ndarray, np.ndarray]:
    """Return where depths z lie among the bins, seen through a lens of fx pixels, and whether they are inside."""
    z = z * (DEPTH_FOCAL_PX / fx)
    return np.log(np.maximum(z, 1e-3) / DEPTH_MIN_M) * BINS_PER_LOG, (z > DEPTH_MIN_M) & (z < DEPTH_MAX_M)


def lift_table(pinhole: np.ndarray, cam_from_ego: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return index [4096, 4] int32 and weight [4096, 4] float32 for cameras with pinhole [N, 4] (fx, fy, cx, cy).

    Each cell centre, at LIFT_HEIGHT_M, goes to the camera whose optical axis is nearest in the image, and reads the
    two columns and two depth bins around it bilinearly.
    """
    centre = (np.arange(TOKEN_CELLS) + 0.5) * (2 * RANGE_M / TOKEN_CELLS) - RANGE_M
    x, y = (a.ravel() for a in np.meshgrid(centre, centre, indexing="ij"))
    points = np.stack([x, y, np.full_like(x, LIFT_HEIGHT_M), np.ones_like(x)], 1)
    index = np.zeros((len(points), TAPS), np.int32)
    weight = np.zeros((len(points), TAPS), np.float32)
    nearest = np.full(len(points), np.inf)
    for n, ((fx, fy, cx, cy), pose) in enumerate(zip(pinhole, cam_from_ego, strict=True)):
        q = points @ pose.T
        depth = np.maximum(q[:, 2], 1e-3)
        u, v = fx * q[:, 0] / depth + cx, fy * q[:, 1] / depth + cy
        off = np.abs(u / IMAGE_W - 0.5)
        place, inside = depth_place(q[:, 2], fx)
        use = inside & (u >= 0) & (u < IMAGE_W)
        use &= (v > -IMAGE_H) & (v < 2 * IMAGE_H) & (off < nearest)
        nearest[use] = off[use]
        column, depth_bin = u / STRIDE - 0.5, place - 0.5
        for tap in range(TAPS):
            c, b = np.floor(column) + tap // 2, np.floor(depth_bin) + tap % 2
            near = (1 - np.abs(column - c)) * (1 - np.abs(depth_bin - b))
            near *= (c >= 0) & (c < COLUMNS) & (b >= 0) & (b < BINS)
            row = n * TABLE_ROWS + c.clip(0, COLUMNS - 1) * BINS + b.clip(0, BINS - 1)
            index[use, tap], weight[use, tap] = row[use], near[use]
    return index, weight


def depth_target(points: np.ndarray, pinhole: np.ndarray, cam_from_ego: np.ndarray) -> np.ndarray:
    """Return the bin of the nearest point in each feature cell of each camera: [N, 12, 32] int8, -1 where none."""
    homogeneous = np.c_[points[:, :3], np.ones(len(points))]
    out = np.full((len(pinhole), ROWS_V * COLUMNS), BINS, np.int64)
    for n, ((fx, fy, cx, cy), pose) in enumerate(zip(pinhole, cam_from_ego, strict=True)):
        q = homogeneous @ pose.T
        place, inside = depth_place(q[:, 2], fx)
        q, place = q[inside], place[inside]
        column = np.floor((fx * q[:, 0] / q[:, 2] + cx) / STRIDE).astype(np.int64)
        row = np.floor((fy * q[:, 1] / q[:, 2] + cy) / STRIDE).astype(np.int64)
        use = (column >= 0) & (column < COLUMNS) & (row >= 0) & (row < ROWS_V)
        bins = place[use].astype(np.int64)
        np.minimum.at(out[n], row[use] * COLUMNS + column[use], bins)
    return np.where(out < BINS, out, -1).astype(np.int8).reshape(len(pinhole), ROWS_V, COLUMNS)


def ring_of_cameras() -> tuple[np.ndarray, np.ndarray]:
    """Return pinhole [6, 4] and cam_from_ego [6, 4, 4] of six level cameras, one every 60 degrees, 1.5 m up."""
    pose = np.zeros((CAMERAS, 4, 4))
    for k in range(CAMERAS):
        c, s = math.cos(k * math.pi / 3), math.sin(k * math.pi / 3)
        pose[k] = [[s, -c, 0, 0], [0, 0, -1, 1.5], [c, s, 0, 0], [0, 0, 0, 1]]
    f = IMAGE_W / 2 / math.tan(math.radians(35))
    return np.tile([f, f, IMAGE_W / 2, HORIZON * IMAGE_H], (CAMERAS, 1)), pose


def scene(rng: np.random.Generator, boxes: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes [M, 10] and lidar points [N, 4]: cars and trucks of random place and heading on flat ground."""
    b = np.zeros((boxes, 10), np.float32)
    b[:, 0], b[:, 1:3] = rng.integers(0, 2, boxes), rng.uniform(-40, 40, (boxes, 2))
    b[:, 4:7] = np.where(b[:, :1] == 0, [[4.5, 1.9, 1.6]], [[8, 2.5, 3]])
    b[:, 3], b[:, 7], b[:, 8:10] = b[:, 6] / 2, rng.uniform(-math.pi, math.pi, boxes), rng.normal(0, 3, (boxes, 2))
    ground = rng.uniform(-50, 50, (4000, 3)) * [1, 1, 0.001]
    on = []
    for row in b:
        p = rng.uniform(-0.5, 0.5, (80, 3)) * row[4:7]
        c, s = math.cos(row[7]), math.sin(row[7])
        on.append(np.stack([c * p[:, 0] - s * p[:, 1], s * p[:, 0] + c * p[:, 1], p[:, 2]], 1) + row[1:4])
    points = np.concatenate([ground, *on])
    return b, np.c_[points, rng.uniform(0, 1, len(points))]


def sample(rng: np.random.Generator, radar: bool = True) -> Sample:
    """Return one made set with everything present (no radar if radar is false)."""
    boxes, points = scene(rng)
    pinhole, pose = ring_of_cameras()
    index, weight = lift_table(pinhole, pose)
    n = len(boxes)
    detections = np.c_[boxes[:, 1:3], np.full(n, 10), boxes[:, 8:10], np.full(n, 0.02)]
    here = np.array([1, radar, 1], np.uint8)
    return {
        "lidar_raster": lidar_raster(points).astype(np.float16),
        "radar_raster": (radar_raster(detections) * here[1]).astype(np.float16),
        "images": rng.integers(0, 256, (CAMERAS, 3, IMAGE_H, IMAGE_W), np.uint8),
        "lift_index": index,
        "lift_weight": weight,
        "cam_present": np.ones(CAMERAS, np.uint8),
        "present": here,
        "age": np.zeros(len(MODALITIES), np.float32),
        "reliability": here.astype(np.float32),
        "depth": depth_target(points, pinhole, pose),
        "boxes": boxes,
        "box_points": np.full(n, 80, np.int32),
    }


def write(folder, sets: int = 4, seed: int = 0, radar: bool = True) -> Path:
    """Write a folder of made tensors and return it."""
    folder, rng = Path(folder), np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for n in range(sets):
        name = f"set-{n:06d}.npz"
        np.savez_compressed(folder / name, **sample(rng, radar))
        lines.append({"file": name, "stamp": n * 100_000_000, "kind": "reference", "set": n})
    index = {
        "schema": SCHEMA,
        "inputs_sha256": INPUTS,
        "recording": "made",
        "recording_sha256": "",
        "rig_sha256": "",
        "classes": CLASSES,
        "modalities": MODALITIES,
        "sets": lines,
    }
    (folder / "index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")
    return folder
