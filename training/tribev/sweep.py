"""Changes to a lidar raster's columns: height and tilt of the sensor, coarser beams, lost cells, other intensity.

A column is a raster cell with points. Functions take columns [11, n] and their places, change them, and say which are
left; only occupied cells are touched, so a change costs a millisecond or two.
"""

import numpy as np

from .grid import INTENSITY, LIDAR_CELLS, LOG_COUNT, MAX_Z, RANGE_M, SLICES, Z_MAX_M, Z_MIN_M

SLICE_M = (Z_MAX_M - Z_MIN_M) / SLICES
CELL_M = 2 * RANGE_M / LIDAR_CELLS
TOP_UNIT_M = 4.0  # the raster holds the highest z divided by this


def columns(raster: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the occupied cells [n] of a raster [11, 256, 256] and their columns [11, n] float32."""
    flat = raster.reshape(len(raster), -1)
    cells = np.flatnonzero(flat[LOG_COUNT])
    return cells, flat[:, cells].astype(np.float32)


def raster(cells: np.ndarray, values: np.ndarray, dtype) -> np.ndarray:
    """Put columns back: [11, 256, 256] of dtype. Columns whose count is 0 are empty."""
    out = np.zeros((len(values), LIDAR_CELLS * LIDAR_CELLS), dtype)
    kept = values[LOG_COUNT] > 0
    out[:, cells[kept]] = values[:, kept]
    return out.reshape(-1, LIDAR_CELLS, LIDAR_CELLS)


def places(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y [n], m, of the cells' centres."""
    return tuple((i + np.float32(0.5)) * np.float32(CELL_M) - np.float32(RANGE_M) for i in divmod(cells, LIDAR_CELLS))


def lift(values: np.ndarray, by: np.ndarray, rng: np.random.Generator) -> None:
    """Raise each column by so many metres ([n], negative lowers it).

    The highest point is known and moves exactly. Where in its slice another point lies is not: it crosses into the next
    slice with the probability that a point drawn from the slice would. Columns that leave the raster's heights become
    empty; one that loses only its top has its highest slice's middle as the new top.
    """
    whole = np.floor(by / SLICE_M).astype(np.int64)
    part = by / np.float32(SLICE_M) - whole
    was = values[:SLICES] > 0
    top = values[MAX_Z] * TOP_UNIT_M
    slot = np.clip(((top - Z_MIN_M) / SLICE_M).astype(np.int64), 0, SLICES - 1)
    n = np.arange(values.shape[1])
    was[slot, n] = False  # the top's own slice is set apart
    step = whole + (rng.random(was.shape, np.float32) < part)  # [slices, n]
    level = np.arange(SLICES)[:, None] + step
    stays = was & (level >= 0) & (level < SLICES)
    now = np.zeros((SLICES, values.shape[1]), np.float32)
    now[level[stays], np.broadcast_to(n, was.shape)[stays]] = 1
    raised = top + by
    inside = (raised > Z_MIN_M) & (raised < Z_MAX_M)
    target = np.clip(((raised - Z_MIN_M) / SLICE_M).astype(np.int64), 0, SLICES - 1)
    # What came from below the top cannot end above it.
    now[(np.arange(SLICES)[:, None] > target) & inside] = 0
    now[target[inside], n[inside]] = 1
    highest = SLICES - 1 - np.argmax(now[::-1], 0)
    middle = Z_MIN_M + (highest + np.float32(0.5)) * SLICE_M
    some = now.any(0)
    values[:SLICES] = now
    values[MAX_Z] = np.where(inside, raised, middle) * some / TOP_UNIT_M
    values[[INTENSITY, LOG_COUNT]] *= some


def coarser_beams(values, x, y, height: float, spacing: float, phase: float, rng: np.random.Generator) -> None:
    """Keep what a lidar at the given height, with beams so many radians apart, would still hit.

    A slice stays if one of those beams passes through the interval of elevations at which its points can lie: the
    highest point's own for its slice, the slice's for the others.
    """
    r = np.hypot(x, y).clip(1.0)
    top = values[MAX_Z] * TOP_UNIT_M
    low = Z_MIN_M + np.arange(SLICES, dtype=np.float32)[:, None] * np.float32(SLICE_M) - height
    a, b = low / r, (low + SLICE_M) / r
    slot = np.clip(((top - Z_MIN_M) / SLICE_M).astype(np.int64), 0, SLICES - 1)
    n = np.arange(values.shape[1])
    half = np.abs(top - height) * (0.5 * CELL_M) / (r * r) + 0.001  # the cell's own extent, seen from the sensor
    a[slot, n], b[slot, n] = (top - height) / r - half, (top - height) / r + half
    hit = np.floor(b / spacing - phase) > np.floor(a / spacing - phase)
    was = values[:SLICES] > 0
    kept = was & hit
    some = kept.any(0)
    highest = SLICES - 1 - np.argmax(kept[::-1], 0)
    middle = Z_MIN_M + (highest + np.float32(0.5)) * SLICE_M
    values[:SLICES] = kept
    values[MAX_Z] = np.where(kept[slot, n], top, middle) * some / TOP_UNIT_M
    values[INTENSITY] *= some
    left = kept.sum(0) / was.sum(0).clip(1) * rng.uniform(0.3, 1.0)
    count = np.expm1(values[LOG_COUNT] * 4) * left
    values[LOG_COUNT] = np.log1p(np.maximum(count, 1)) / 4 * some


def lose(values: np.ndarray, share: float, rng: np.random.Generator) -> None:
    """Empty a share of the columns."""
    values[:, rng.random(values.shape[1], np.float32) < share] = 0


def other_intensity(values: np.ndarray, power: float, gain: float) -> None:
    """Make the intensity that of another sensor: gain * intensity^power, at most 1."""
    values[INTENSITY] = np.minimum(gain * np.maximum(values[INTENSITY], 0) ** power, 1)
