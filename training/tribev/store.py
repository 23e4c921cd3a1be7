"""Tensor folders put in a row, and a bounded cache of their sets, packed."""

import hashlib
import json
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .data import AGAIN, ARRAYS, KINDS, SCHEMA, Sample, TensorError, read_arrays, read_set
from .grid import CLASSES, MODALITIES

_SPEC = re.compile(r"^(?P<folder>.+?)(\[(?P<first>\d*):(?P<end>\d*)\])?(\*(?P<weight>\d+(\.\d+)?))?$")
RASTERS = ("lidar_raster", "radar_raster")


@dataclass(frozen=True)
class SetInfo:
    """One line of a tensor folder's index."""

    file: str
    stamp: int  # ns since 1970, the set's time
    kind: str
    set: int


@dataclass(frozen=True)
class Source:
    """A tensor folder, or a range of its sets, and how often each of them is drawn."""

    folder: Path
    first: int
    weight: float
    index: dict
    sets: tuple[SetInfo, ...]  # those of the range

    def sha256(self) -> str:
        """Return one hash over the index, range, weight and every file of the range, in its order."""
        whole = hashlib.sha256((self.folder / "index.json").read_bytes())
        whole.update(f"{self.first} {len(self.sets)} {self.weight}".encode())
        for s in self.sets:
            whole.update(hashlib.sha256((self.folder / s.file).read_bytes()).digest())
        return whole.hexdigest()

    def facts(self) -> dict:
        """Return what a run's report says of the folder."""
        told = {k: self.index.get(k) for k in ("recording", "recording_sha256", "rig_sha256")}
        return {**told, "from": self.first, "sets": len(self.sets), "weight": self.weight}


def sources(spec) -> list[Source]:
    """Read the index of a folder given as "DIR", "DIR*3", "DIR[0:56]" or "DIR[56:]*0.5".

    The range counts lines of the index, from inclusive, to exclusive; the weight says how often each set is drawn
    where several folders are used, 1 if it is left out. A folder of tensor folders stands for all of them, by name.
    """
    m = _SPEC.match(str(spec))
    folder = Path(m["folder"])
    if not (folder / "index.json").exists():
        inner = sorted(p.parent for p in folder.glob("*/index.json"))
        if inner and not m["first"] and not m["end"]:
            return [_source(m, p) for p in inner]
    return [_source(m, folder)]


def _source(m: re.Match, folder: Path) -> Source:
    index, sets = _read_index(folder)
    first = int(m["first"] or 0)
    end = min(len(sets), int(m["end"] or len(sets)))
    weight = float(m["weight"] or 1)
    if first >= end:
        raise TensorError(f"read {m[0]}: the range holds none of the folder's {len(sets)} sets: mend it")
    if not 0 < weight <= 1000:
        raise TensorError(f"read {m[0]}: weight {weight:g} is not above 0 and at most 1000: mend it")
    return Source(folder, first, weight, index, tuple(sets[first:end]))


class Store:
    """Tensor folders in a row, read set by set with a bounded cache. Safe for several threads.

    All folders must hold the inputs of the same Go encoders. Samples are the caller's own, but for the arrays that are
    small: callers copy what they change.
    """

    def __init__(self, specs, cache_sets: int = 256):
        given = [specs] if isinstance(specs, (str, Path)) else specs
        self.sources = [one for s in given for one in sources(s)]
        self.sets = [s for one in self.sources for s in one.sets]
        self._at = [(n, s.file) for n, one in enumerate(self.sources) for s in one.sets]
        self.inputs_sha256 = self.sources[0].index["inputs_sha256"]
        for other in self.sources[1:]:
            same_inputs(f"read {other.folder}", other.index["inputs_sha256"], self.inputs_sha256,
                        f"those of {self.sources[0].folder}")  # fmt: skip
        self._cache: OrderedDict[int, Sample] = OrderedDict()
        self._present: dict[int, np.ndarray] = {}
        self._most = cache_sets
        self._lock = threading.Lock()

    def path(self, i: int) -> Path:
        """Return the file of the set at position i."""
        n, name = self._at[i]
        return self.sources[n].folder / name

    def select(self, span: tuple[int, ...], kinds: tuple[str, ...]) -> list[int]:
        """Return the positions in [span[0], span[1]), everywhere if span is empty, whose set is of one of kinds."""
        first, end = span or (0, len(self.sets))
        return [i for i in range(first, min(end, len(self.sets))) if self.sets[i].kind in kinds]

    def groups(self, ids: list[int]) -> list[tuple[tuple[int, ...], float]]:
        """Return ids parted by folder, with each folder's weight; folders without any are left out."""
        parts: dict[int, list[int]] = {}
        for i in ids:
            parts.setdefault(self._at[i][0], []).append(i)
        return [(tuple(p), self.sources[n].weight) for n, p in sorted(parts.items())]

    def present(self, i: int) -> np.ndarray:
        """Return which modalities the set at position i has, [3] 0 or 1, without reading the rest of it."""
        if i not in self._present:
            here = read_arrays(self.path(i), ("present",)).get("present")
            if here is None or here.shape != ARRAYS["present"][1]:
                raise TensorError(f"read {self.path(i)}: array present: missing or of a wrong shape: {AGAIN}")
            self._present[i] = here
        return self._present[i]

    def load(self, i: int) -> Sample:
        """Return the checked arrays of the set at position i."""
        with self._lock:
            packed = self._cache.get(i)
            if packed is not None:
                self._cache.move_to_end(i)
        if packed is not None:
            return unpack(packed)
        sample = read_set(self.path(i))
        if self._most > 0:
            packed = pack(sample)
            with self._lock:
                self._cache[i] = packed
                while len(self._cache) > self._most:
                    self._cache.popitem(last=False)
        return sample

    def sha256(self) -> str:
        """Return one hash over everything that decides what is drawn: folders, ranges, weights and files."""
        return hashlib.sha256("".join(s.sha256() for s in self.sources).encode()).hexdigest()

    def facts(self) -> list[dict]:
        """Return what a run's report says of the folders."""
        return [s.facts() for s in self.sources]


def same_inputs(what: str, found: str, want: str, whose: str) -> None:
    """Refuse tensors that other encoders' rasters, tables or views made."""
    if found != want:
        raise TensorError(
            f"{what}: its inputs were made by encoders {found[:12]}, {whose} by {want[:12]}: a network learns nothing "
            "from a mixture: write both with the same fusiond (`fusiond tensors FILE --out DIR`)"
        )


def pack(s: Sample) -> Sample:
    """Return a sample with its rasters as occupied cells, [n] uint16 or int32, and their values, [channels, n].

    Rasters are mostly empty: about 0.8 MB a set are left of 2.3.
    """
    out = {k: v for k, v in s.items() if k not in RASTERS}
    for name in RASTERS:
        flat = s[name].reshape(len(s[name]), -1)
        cells = np.flatnonzero(flat.any(0))
        out[name] = flat[:, cells]
        out[name + "_cells"] = cells.astype(np.uint16 if flat.shape[1] <= 65536 else np.int32)
    return out


def unpack(p: Sample) -> Sample:
    """Return the sample that pack was given."""
    out = {k: v for k, v in p.items() if not k.endswith("_cells")}
    for name in RASTERS:
        shape = ARRAYS[name][1]
        flat = np.zeros((shape[0], shape[1] * shape[2]), p[name].dtype)
        flat[:, p[name + "_cells"]] = p[name]
        out[name] = flat.reshape(shape)
    return out


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
    if not isinstance(index.get("inputs_sha256"), str) or not index["inputs_sha256"]:
        raise TensorError(f"read {path}: lacks inputs_sha256, the fingerprint of the encoders' inputs: {AGAIN}")
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
