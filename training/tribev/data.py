"""Reading the tensors that `fusiond tensors` wrote, checking them, and making training targets from boxes."""

import hashlib
import json
import math
import zipfile
import zlib
from collections import OrderedDict
from dataclasses import dataclass
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

SCHEMA = "fusiond.tensors/1"
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
    "depth": ("int8", (CAMERAS, ROWS_V, COLUMNS)),
    "boxes": ("float32", (None, BOX_COLUMNS)),
    "box_points": ("int32", (None,)),
}
AGAIN = "write it again with `fusiond tensors FILE --out DIR`"

Sample = dict[str, np.ndarray]


class TensorError(ValueError):
    """A tensor folder that cannot be used; the text names the file, the array, the fault and the cure."""


@dataclass(frozen=True)
class SetInfo:
    """One line of a tensor folder's index."""

    file: str
    stamp: int  # ns since 1970, the set's time
    kind: str
    set: int


class Store:
    """A folder of tensors, read set by set with a bounded cache.

    Samples are shared with the cache: callers copy what they change.
    """

    def __init__(self, folder, cache_sets: int = 256):
        self.folder = Path(folder)
        self.index, self.sets = _read_index(self.folder)
        self._cache: OrderedDict[int, Sample] = OrderedDict()
        self._present: dict[int, np.ndarray] = {}
        self._most = cache_sets

    def select(self, span: tuple[int, ...], kinds: tuple[str, ...]) -> list[int]:
        """Return the positions in [span[0], span[1]) whose set is of one of kinds."""
        return [i for i in range(span[0], min(span[1], len(self.sets))) if self.sets[i].kind in kinds]

    def present(self, i: int) -> np.ndarray:
        """Return which modalities the set at position i has, [3] 0 or 1, without reading the rest of it."""
        if i not in self._present:
            path = self.folder / self.sets[i].file
            here = _arrays(path, ("present",)).get("present")
            if here is None or here.shape != ARRAYS["present"][1]:
                raise TensorError(f"read {path}: array present: missing or of a wrong shape: {AGAIN}")
            self._present[i] = here
        return self._present[i]

    def load(self, i: int) -> Sample:
        """Return the checked arrays of the set at position i."""
        if i in self._cache:
            self._cache.move_to_end(i)
            return self._cache[i]
        sample = read_set(self.folder / self.sets[i].file)
        if self._most > 0:
            self._cache[i] = sample
            while len(self._cache) > self._most:
                self._cache.popitem(last=False)
        return sample

    def sha256(self) -> str:
        """Return one hash over the index and every file that it names, in its order."""
        whole = hashlib.sha256((self.folder / "index.json").read_bytes())
        for s in self.sets:
            whole.update(hashlib.sha256((self.folder / s.file).read_bytes()).digest())
        return whole.hexdigest()


def _read_index(folder: Path) -> tuple[dict, list[SetInfo]]:
    path = folder / "index.json"
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise TensorError(f"read {path}: {e.strerror}: make tensors with `fusiond tensors FILE --out DIR`") from e
    except ValueError as e:
        raise TensorError(f"read {path}: not JSON ({e}): {AGAIN}") from e
    if not isinstance(index, dict) or index.get("schema") != SCHEMA:
        found = index.get("schema") if isinstance(index, dict) else index
        raise TensorError(f"read {path}: schema is {found!r}, this reads {SCHEMA!r}: {AGAIN}")
    for key, want in (("classes", CLASSES), ("modalities", MODALITIES)):
        if index.get(key) != list(want):
            raise TensorError(f"read {path}: {key} are {index.get(key)!r}, the network's are {list(want)}: {AGAIN}")
    if not isinstance(index.get("sets"), list) or not index["sets"]:
        raise TensorError(f"read {path}: names no sets: {AGAIN} from a recording with sets")
    sets = []
    for n, s in enumerate(index["sets"]):
        try:
            info = SetInfo(file=s["file"], stamp=s["stamp"], kind=s["kind"], set=s["set"])
        except (TypeError, KeyError) as e:
            raise TensorError(f"read {path}: sets[{n}]: lacks {e}: {AGAIN}") from e
        if not isinstance(info.file, str) or Path(info.file).name != info.file:
            raise TensorError(f"read {path}: sets[{n}]: file {info.file!r} is not a plain file name: {AGAIN}")
        if info.kind not in KINDS:
            raise TensorError(f"read {path}: sets[{n}]: kind {info.kind!r} is none of {KINDS}: {AGAIN}")
        sets.append(info)
    return index, sets


def read_set(path) -> Sample:
    """Return the arrays of one npz file after checking every name, type, shape and value range."""
    sample = _arrays(Path(path))
    check_set(sample, str(path))
    return sample


def _arrays(path: Path, names: tuple[str, ...] | None = None) -> Sample:
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
    for name in ("lidar_raster", "radar_raster", "lift_weight", "age"):
        if not np.isfinite(sample[name]).all():
            fault(name, "holds NaN or infinity")
    for name in ("present", "cam_present"):
        if (sample[name] > 1).any():
            fault(name, f"holds {sample[name].max()}, want 0 or 1")
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
