"""Reading the tensors that `fusiond tensors` wrote, checking them, and making training targets from boxes."""

import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

from .grid import (
    BINS,
    BOX_COLUMNS,
    CAMERAS,
    CLASSES,
    COLUMNS,
    HEAD_CELLS,
    HEAD_M,
    IMAGE_H,
    IMAGE_W,
    LIDAR_CELLS,
    LIDAR_CHANNELS,
    MODALITIES,
    RADAR_CELLS,
    RADAR_CHANNELS,
    RANGE_M,
    REGRESSION,
    ROWS_V,
    TABLE_ROWS,
    TAPS,
    TOKEN_CELLS,
)

SCHEMA = "fusiond.tensors/2"
KINDS = ("reference", "virtual")
MAX_BOXES = 10_000  # of one set; more is taken for damage
CELLS = TOKEN_CELLS * TOKEN_CELLS
ARRAYS = {  # name: dtype, shape; None is any length
    "lidar_raster": ("float16", (LIDAR_CHANNELS, LIDAR_CELLS, LIDAR_CELLS)),
    "radar_raster": ("float16", (RADAR_CHANNELS, RADAR_CELLS, RADAR_CELLS)),
    "images": ("uint8", (CAMERAS, 3, IMAGE_H, IMAGE_W)),
    "lift_index": ("int32", (CELLS, TAPS)),
    "lift_weight": ("float32", (CELLS, TAPS)),
    "cam_present": ("uint8", (CAMERAS,)),
    "present": ("uint8", (len(MODALITIES),)),
    "age": ("float32", (len(MODALITIES),)),
    "reliability": ("float32", (len(MODALITIES),)),
    "depth": ("int8", (CAMERAS, ROWS_V, COLUMNS)),
    "boxes": ("float32", (None, BOX_COLUMNS)),
    "box_points": ("int32", (None,)),
}
AGAIN = "write it again with `fusiond tensors FILE --out DIR`"

Sample = dict[str, np.ndarray]


class TensorError(ValueError):
    """A tensor folder that cannot be used; the text names the file, the array, the fault and the cure."""


def read_set(path) -> Sample:
    """Return the arrays of one npz file after checking every name, type, shape and value range."""
    sample = read_arrays(Path(path))
    check_set(sample, str(path))
    return sample


def read_arrays(path: Path, names: tuple[str, ...] | None = None) -> Sample:
    """Return the arrays of an npz file, or those of names that it has."""
    try:
        _bound(path)
        with np.load(path, allow_pickle=False) as z:
            return {name: z[name] for name in z.files if names is None or name in names}
    except TensorError:
        raise
    except FileNotFoundError as e:
        raise TensorError(f"read {path}: no such file, though the index names it: {AGAIN}") from e
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as e:
        raise TensorError(f"read {path}: truncated or damaged ({e}): {AGAIN}") from e


def _bound(path: Path) -> None:
    """Refuse members that would unpack to more than they may, before any is unpacked."""
    with zipfile.ZipFile(path) as z:
        for member in z.infolist():
            name = member.filename.removesuffix(".npy")
            if name not in ARRAYS:
                raise TensorError(f"read {path}: unknown array {name!r}: {AGAIN}")
            dtype, shape = ARRAYS[name]
            most = np.dtype(dtype).itemsize * math.prod(MAX_BOXES if n is None else n for n in shape) + 4096
            if member.file_size > most:
                raise TensorError(f"read {path}: array {name}: {member.file_size} bytes, at most {most}: {AGAIN}")


def check_set(sample: Sample, where: str) -> None:
    """Raise TensorError unless sample has exactly the arrays of ARRAYS with sensible values."""

    def fault(name, text):
        raise TensorError(f"read {where}: array {name}: {text}: {AGAIN}")

    for name, (dtype, shape) in ARRAYS.items():
        if name not in sample:
            fault(name, "missing")
        a = sample[name]
        if a.dtype != np.dtype(dtype):
            fault(name, f"type {a.dtype}, want {dtype}")
        if len(a.shape) != len(shape) or any(w is not None and w != g for w, g in zip(shape, a.shape, strict=True)):
            fault(name, f"shape {list(a.shape)}, want {list(shape)} (None: any)")
    for name in ("lidar_raster", "radar_raster", "lift_weight", "age", "reliability"):
        if not np.isfinite(sample[name]).all():
            fault(name, "holds NaN or infinity")
    for name in ("present", "cam_present"):
        if (sample[name] > 1).any():
            fault(name, f"holds {sample[name].max()}, want 0 or 1")
    believed = sample["reliability"]
    if (believed < 0).any() or (believed > 1).any():
        fault("reliability", f"{believed.tolist()} is not within 0 to 1")
    if (believed[sample["present"] == 0] != 0).any():
        fault("reliability", f"{believed.tolist()} is not 0 for an absent modality")
    index, weight, depth, boxes = (sample[n] for n in ("lift_index", "lift_weight", "depth", "boxes"))
    if (index < 0).any() or (index >= CAMERAS * TABLE_ROWS).any():
        fault("lift_index", f"outside 0 to {CAMERAS * TABLE_ROWS - 1}")
    if (weight < 0).any() or (weight > 1.001).any():
        fault("lift_weight", "outside 0 to 1")
    if (depth < -1).any() or (depth >= BINS).any():
        fault("depth", f"outside -1 to {BINS - 1}")
    if len(boxes) != len(sample["box_points"]):
        fault("box_points", f"{len(sample['box_points'])} values for {len(boxes)} boxes")
    if not np.isfinite(boxes[:, :8]).all():
        fault("boxes", "class, centre, size or yaw holds NaN or infinity")
    if ((boxes[:, 0] != np.floor(boxes[:, 0])) | (boxes[:, 0] < 0) | (boxes[:, 0] >= len(CLASSES))).any():
        fault("boxes", f"class outside 0 to {len(CLASSES) - 1}")
    if (boxes[:, 4:7] <= 0).any():
        fault("boxes", "a size is not positive")


def targets(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make training targets from boxes [M, 10] (class, x, y, z, l, w, h, yaw, vx, vy; NaN velocity unknown).

    -> heat [10, 128, 128] float32, a Gaussian a box with sigma 0.24 sqrt(l w) / 0.8 m cells, at least 0.7, cut off at
    four sigma; reg [10, 128, 128], the box at its centre's cell; centre [128, 128], 1 there. Where two boxes share a
    cell the later one's regression stays. Boxes outside the grid are left out. Well under a millisecond a box, so they
    are made anew for each augmented sample.
    """
    heat = np.zeros((len(CLASSES), HEAD_CELLS, HEAD_CELLS), np.float32)
    reg = np.zeros((len(REGRESSION), HEAD_CELLS, HEAD_CELLS), np.float32)
    centre = np.zeros((HEAD_CELLS, HEAD_CELLS), np.float32)
    for kind, x, y, z, length, width, height, yaw, vx, vy in boxes.astype(np.float64):
        fx, fy = (x + RANGE_M) / HEAD_M, (y + RANGE_M) / HEAD_M
        i, j = math.floor(fx), math.floor(fy)
        if not (0 <= i < HEAD_CELLS and 0 <= j < HEAD_CELLS):
            continue
        sigma = max(0.7, 0.24 * math.sqrt(length * width) / HEAD_M)
        reach = math.ceil(4 * sigma)
        gx = np.arange(max(0, i - reach), min(HEAD_CELLS, i + reach + 1))
        gy = np.arange(max(0, j - reach), min(HEAD_CELLS, j + reach + 1))
        blob = np.exp(-((gx[:, None] - i) ** 2 + (gy[None, :] - j) ** 2) / (2 * sigma * sigma))
        view = heat[int(kind), gx[0] : gx[-1] + 1, gy[0] : gy[-1] + 1]
        np.maximum(view, blob, out=view)
        logs = np.log((length, width, height))
        reg[:, i, j] = fx - i, fy - j, z, *logs, math.sin(yaw), math.cos(yaw), vx, vy
        centre[i, j] = 1
    return heat, reg, centre
