"""The model package's manifest: what the Go side reads, and refuses when it disagrees with the files."""

import hashlib
from pathlib import Path

import yaml

from . import grid
from .config import FUSERS
from .decisions import RANGES_M
from .network import Size

SCHEMA = "fusiond.model/1"
OPSET = 17
STRATEGIES = (*FUSERS, "late")
FILES = {m: f"{m}.onnx" for m in grid.MODALITIES} | {f: f"fuser-{f}.onnx" for f in STRATEGIES}
LIDAR_SHAPE = [1, grid.LIDAR_CHANNELS, grid.LIDAR_CELLS, grid.LIDAR_CELLS]
RADAR_SHAPE = [1, grid.RADAR_CHANNELS, grid.RADAR_CELLS, grid.RADAR_CELLS]
IMAGE_SHAPE = [1, 3, grid.IMAGE_H, grid.IMAGE_W]


def tensor(name: str, shape: list[int]) -> dict:
    """Return a tensor's entry in the manifest."""
    return {"name": name, "shape": list(shape)}


def encoder_tensors(size: Size) -> dict[str, tuple[dict, dict]]:
    """Return (input, output) of each encoder."""
    tokens = tensor("tokens", [1, size.channels, grid.TOKEN_CELLS, grid.TOKEN_CELLS])
    return {
        "lidar": (tensor("raster", LIDAR_SHAPE), tokens),
        "radar": (tensor("raster", RADAR_SHAPE), dict(tokens)),
        "camera": (tensor("image", IMAGE_SHAPE), tensor("table", [1, grid.TABLE_ROWS, size.channels])),
    }


def fuser_tensors(size: Size, strategy: str) -> tuple[list[dict], list[dict]]:
    """Return inputs and outputs of a fuser, in order. Everything is float32 but index, which is int64.

    late has a heat and a reg map for each modality.
    """
    c, t, n = size.channels, grid.TOKEN_CELLS, len(grid.MODALITIES)
    h = grid.HEAD_CELLS
    inputs = {
        "lidar": [1, c, t, t],
        "radar": [1, c, t, t],
        "table": [1, grid.CAMERAS, grid.TABLE_ROWS, c],
        "index": [1, t * t, grid.TAPS],
        "weight": [1, t * t, grid.TAPS],
        "cam_present": [1, grid.CAMERAS],
        "present": [1, n],
        "reliability": [1, n],
        "age": [1, n],
    }
    outputs = {
        "heat": [n if strategy == "late" else 1, len(grid.CLASSES), h, h],
        "reg": [n if strategy == "late" else 1, len(grid.REGRESSION), h, h],
        "mass": [1, n],
        "attention": [1, n, t, t],
    }
    return [tensor(k, v) for k, v in inputs.items()], [tensor(k, v) for k, v in outputs.items()]


def even_weights(trained: list[str]) -> dict[str, dict[str, list[float]]]:
    """Return decision weights that believe every trained modality alike, for want of sets to fit them on."""
    return {m: {c: [float(m in trained or not trained)] * len(RANGES_M) for c in grid.CLASSES} for m in grid.MODALITIES}


def told(data: list[dict]) -> str:
    """Return the training data of a checkpoint in words; many folders are counted, not named."""
    parts = [f"{d['recording']} (sha256 {d['recording_sha256']})" for d in data]
    return ", ".join(parts[:4]) + (f" and {len(parts) - 4} more" if len(parts) > 4 else "")


def manifest(
    folder,
    size: Size,
    trained: list[str],
    strategies: list[str],
    late: dict[str, dict[str, list[float]]],
    inputs_sha256: str,
    training: dict,
    name: str,
    version: str,
    licence: str,
    description: str,
) -> dict:
    """Return the manifest of the files in folder.

    trained: the parts whose weights were trained; strategies: the fusers in the package; late: decision weights of the
    late one by modality, class and range bin; inputs_sha256: fingerprint of the encoders' inputs.
    """
    io = encoder_tensors(size)
    extra = {
        "lidar": {
            "raster": {
                "cells": grid.LIDAR_CELLS,
                "z_min_m": grid.Z_MIN_M,
                "z_max_m": grid.Z_MAX_M,
                "slices": grid.SLICES,
            }
        },
        "radar": {"raster": {"cells": grid.RADAR_CELLS}},
        "camera": {
            "view": {"horizon": grid.HORIZON},
            "depth": {
                "bins": grid.BINS,
                "min_m": grid.DEPTH_MIN_M,
                "max_m": grid.DEPTH_MAX_M,
                "focal_px": grid.DEPTH_FOCAL_PX,
            },
            "stride": grid.STRIDE,
            "lift": {"taps": grid.TAPS, "height_m": grid.LIFT_HEIGHT_M},
            "slots": grid.CAMERAS,
        },
    }
    fusers = {}
    for f in strategies:
        inputs, outputs = fuser_tensors(size, f)
        fusers[f] = {"file": FILES[f], "inputs": inputs, "outputs": outputs}
        if f == "late":
            fusers[f] |= {"range_m": list(RANGES_M), "weights": late}
    files = [*(FILES[k] for k in (*grid.MODALITIES, *strategies)), "golden.npz"]
    return {
        "schema": SCHEMA,
        "name": name,
        "version": version,
        "licence": licence,
        "description": description,
        "opset": OPSET,
        "inputs_sha256": inputs_sha256,
        "grid": {
            "range_m": grid.RANGE_M,
            "token_cells": grid.TOKEN_CELLS,
            "head_cells": grid.HEAD_CELLS,
            "channels": size.channels,
        },
        "classes": list(grid.CLASSES),
        "encoders": {
            m: {"file": FILES[m], "trained": m in trained, "input": io[m][0], "output": io[m][1], **extra[m]}
            for m in grid.MODALITIES
        },
        "fusers": fusers,
        "golden": "golden.npz",
        "files": {n: sha256(Path(folder) / n) for n in files},
        "training": training,
        "figures": [],
    }


class _Plain(yaml.SafeDumper):
    """Writes short lists on one line and never an anchor."""

    def ignore_aliases(self, data) -> bool:
        """No anchors: readers need not know them."""
        return True


def _list(dumper: yaml.Dumper, data: list):
    short = all(isinstance(x, (int, float)) for x in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=short)


_Plain.add_representer(list, _list)


def write(folder, data: dict) -> None:
    """Write manifest.yaml."""
    text = yaml.dump(data, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)
    (Path(folder) / "manifest.yaml").write_text(text, encoding="utf-8")


def sha256(path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
