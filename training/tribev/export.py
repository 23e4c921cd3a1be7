"""Writing a model package: ONNX files, golden tensors, manifest; and checking the files against torch."""

import io
import itertools
import json
import math
import warnings
import zipfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from . import grid, made, package
from .compact import compact, store_halves
from .config import FUSERS
from .data import Sample
from .model import TriBEV

TOLERANCE = 2e-4  # largest difference, absolute or relative to the value, of a runtime's outputs from torch's
OUTPUT_STEP = 2.0**-14  # golden outputs are rounded to this, far below TOLERANCE, so that they compress
TOKEN_STEPS = 8  # steps a standard deviation to which the golden fusers' input tokens are rounded, likewise
STRIDE = 4  # of the golden outputs for subsets
# Unequal on purpose: a runtime that mixes up the modalities' order must not pass.
RELIABILITY, AGE = (0.9, 1.0, 0.7), (0.0, 0.05, 0.1)


class ExportError(RuntimeError):
    """A package that would be wrong."""


class TableOnly(nn.Module):
    """The camera encoder without its depth logits."""

    def __init__(self, camera: nn.Module):
        super().__init__()
        self.camera = camera

    def forward(self, image: Tensor) -> Tensor:  # [1, 3, 96, 256] -> [1, 1024, C]
        """Return the polar table."""
        return self.camera(image)[0]


def networks(model: TriBEV, strategies: tuple[str, ...] = package.STRATEGIES) -> dict[str, nn.Module]:
    """Return the module behind each file, keyed as package.FILES, all in evaluation mode."""
    nets = {
        "lidar": model.lidar,
        "radar": model.radar,
        "camera": TableOnly(model.camera),
        **{f: model.net(f) for f in strategies},
    }
    model.eval()
    return {k: n.eval() for k, n in nets.items()}


@torch.no_grad()
def golden_inputs(nets: dict[str, nn.Module], sample: Sample) -> dict[str, dict[str, Tensor]]:
    """Return named example inputs of each network. What the sample lacks (radar, a camera) is made up."""
    filled = made.sample(np.random.default_rng(0))
    present = dict(zip(grid.MODALITIES, sample["present"], strict=True))
    lidar, radar = (
        torch.from_numpy((sample if present[m] else filled)[m + "_raster"].astype(np.float32))[None]
        for m in ("lidar", "radar")
    )
    images = (sample if present["camera"] else filled)["images"]
    lifting = sample if present["camera"] and sample["lift_weight"].any() else filled
    images = torch.from_numpy(images.astype(np.float32))
    table = torch.cat([nets["camera"](i[None]) for i in images])[None]
    coarse = [_rounded(t) for t in (nets["lidar"](lidar), nets["radar"](radar), table)]
    fuser = dict(zip(("lidar", "radar", "table"), coarse, strict=True)) | {
        "index": torch.from_numpy(lifting["lift_index"].astype(np.int64))[None],
        "weight": torch.from_numpy(lifting["lift_weight"])[None],
        "cam_present": torch.ones(1, grid.CAMERAS),
        "present": torch.ones(1, len(grid.MODALITIES)),
        "reliability": torch.tensor([RELIABILITY]),
        "age": torch.tensor([AGE]),
    }
    return {
        "lidar": {"raster": lidar},
        "radar": {"raster": radar},
        "camera": {"image": images[:1]},
        **{f: dict(fuser) for f in nets if f in package.STRATEGIES},
    }


def _rounded(t: Tensor) -> Tensor:
    step = 2.0 ** math.floor(math.log2(max(float(t.std()), 1e-6) / TOKEN_STEPS))
    return torch.round(t / step) * step


@torch.no_grad()
def randomise(model: TriBEV, seed: int) -> None:
    """Give norms and output layers random values of a trained network's size.

    Fresh ones are so plain (mean 0, variance 1, outputs near their bias) that a runtime could be wrong unseen.
    """
    g = torch.Generator().manual_seed(seed)
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.running_mean.normal_(0, 0.1, generator=g)
            m.running_var.uniform_(0.3, 1.0, generator=g)
            m.weight.uniform_(0.7, 1.3, generator=g)
            m.bias.normal_(0, 0.1, generator=g)
    for out in (*(getattr(model, f).out for f in FUSERS), *(h.out for h in model.aux.values())):
        out.weight.normal_(0, 0.3, generator=g)


def output_names(key: str) -> list[str]:
    """Return the output names of a network of package.FILES."""
    if key in package.STRATEGIES:
        return ["heat", "reg", "mass", "attention"]
    return ["table" if key == "camera" else "tokens"]


def run(net: nn.Module, inputs: dict[str, Tensor], key: str) -> dict[str, np.ndarray]:
    """Run a network and name its outputs."""
    with torch.no_grad():
        y = net(*inputs.values())
    return {n: v.numpy() for n, v in zip(output_names(key), y if isinstance(y, tuple) else (y,), strict=True)}


def subset(inputs: dict[str, Tensor], k: int) -> dict[str, Tensor]:
    """Return a fuser's inputs with only the modalities of bits k present (1 lidar, 2 radar, 4 camera)."""
    here = torch.tensor([[float(k >> m & 1) for m in range(len(grid.MODALITIES))]])
    return {**inputs, "present": here}


def thinned(outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return a fuser's outputs with maps at every fourth cell."""
    return {k: v[..., ::STRIDE, ::STRIDE] if v.ndim == 4 else v for k, v in outputs.items()}


def _entry(a: np.ndarray, step: float = 0.0) -> np.ndarray:
    if step and a.dtype == np.float32:
        a = (np.round(a / step) * step).astype(np.float32)
    return np.ascontiguousarray(a)


def write_npz(path, arrays: dict[str, np.ndarray]) -> None:
    """Write an npz that depends on nothing but the arrays, packed as tightly as deflate can."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for name, a in arrays.items():
            data = io.BytesIO()
            np.lib.format.write_array(data, a, allow_pickle=False)
            info = zipfile.ZipInfo(name + ".npy")  # dated 1980
            info.compress_type = zipfile.ZIP_DEFLATED
            z.writestr(info, data.getvalue())


def export(model: TriBEV, sample: Sample, folder, strategies: tuple[str, ...] = package.STRATEGIES) -> dict[str, float]:
    """Write the ONNX files and golden.npz of a model, with the fusers of strategies, to folder.

    The files hold the networks in their compact form. Returns the largest difference between ONNX Runtime and torch for
    each file, in units of TOLERANCE, or nothing where the onnxruntime Python package is not installed. Raises
    ExportError where a weight is NaN or infinite, or a file is not valid, lacks an input, or differs by more than
    TOLERANCE, for everything present and for every subset.
    """
    check_finite(model)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    nets = {k: compact(n) for k, n in networks(model, strategies).items()}
    inputs = golden_inputs(nets, sample)
    golden: dict[str, np.ndarray] = {}
    worst = {}
    for key, net in nets.items():
        path = folder / package.FILES[key]
        write_onnx(net, inputs[key], key, path)
        stem = path.stem
        fuser = key in package.STRATEGIES
        name = "fuser" if fuser else stem  # fusers have the same inputs, stored once
        golden |= {f"{name}.in.{n}": _entry(v.numpy()) for n, v in inputs[key].items()}
        want = run(net, inputs[key], key)
        cases = [(inputs[key], want)]
        if not fuser:
            golden |= {f"{stem}.out.{n}": _entry(v, OUTPUT_STEP) for n, v in want.items()}
        else:
            for k in range(1, 8):
                some = subset(inputs[key], k)
                outputs = run(net, some, key)
                cases.append((some, outputs))
                short = thinned(outputs).items()
                golden |= {f"{stem}.subset{k}.out.{n}": _entry(v, OUTPUT_STEP) for n, v in short}
        off = compare(path, cases)
        if off is not None:
            worst[path.name] = off
            if not off <= 1:
                raise ExportError(f"export {path}: differs from torch by {off:.1f} times the tolerance {TOLERANCE}")
    write_npz(folder / "golden.npz", golden)
    return worst


def check_finite(model: nn.Module) -> None:
    """Refuse a network with weights or statistics that are not finite."""
    for name, t in model.state_dict().items():
        if t.is_floating_point() and not torch.isfinite(t).all():
            raise ExportError(
                f"export: {name} holds NaN or infinity: use an older checkpoint, or train with a lower lr"
            )


def write_onnx(net: nn.Module, inputs: dict[str, Tensor], key: str, path: Path) -> None:
    """Export one network with fixed shapes, give it its contract as metadata, and check it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            tuple(inputs.values()),
            str(path),
            opset_version=package.OPSET,
            input_names=list(inputs),
            output_names=output_names(key),
        )
    if any(m.training for m in net.modules()):
        raise ExportError(f"export {path}: the network was in training mode")
    graph = onnx.load(str(path))
    found = [i.name for i in graph.graph.input]
    if found != list(inputs):
        raise ExportError(f"export {path}: inputs are {found}, want {list(inputs)}")
    contract = {
        "frame": "ego: x forward, y left, z up; maps [ix, iy]",
        "range_m": grid.RANGE_M,
        "modalities": grid.MODALITIES,
        "classes": grid.CLASSES,
        "regression": grid.REGRESSION,
    }
    for k, v in (("fusiond.network", key), ("fusiond.contract", json.dumps(contract))):
        entry = graph.metadata_props.add()
        entry.key, entry.value = k, v
    for i in graph.graph.initializer:
        a = numpy_helper.to_array(i)
        if a.dtype.kind == "f" and not np.isfinite(a).all():
            raise ExportError(f"export {path}: weights {i.name} hold NaN or infinity: train with a lower lr")
    store_halves(graph)
    onnx.checker.check_model(graph, full_check=True)
    onnx.save(graph, str(path))


def compare(path: Path, cases: list[tuple[dict[str, Tensor], dict[str, np.ndarray]]]) -> float | None:
    """Return the largest difference of ONNX Runtime from torch in units of TOLERANCE; None without the runtime."""
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    worst = 0.0
    for inputs, want in cases:
        got = session.run(list(want), {k: v.numpy() for k, v in inputs.items()})
        for g, w in zip(got, want.values(), strict=True):
            worst = max(worst, float((np.abs(g - w) / np.maximum(1, np.abs(w))).max() / TOLERANCE))
    return worst


def check_masking(model: TriBEV, sample: Sample) -> int:
    """Check that what is absent changes no bit of any output; returns how many comparisons were made.

    For every strategy, every subset of modalities and two absent cameras: tokens, tables, weights, reliability and age
    of what is absent are replaced by large numbers, NaN and infinity. Raises ExportError at the first difference.
    """
    nets, n = networks(model), 0
    inputs = golden_inputs(nets, sample)
    cameras = torch.tensor([[1.0, 0, 1, 1, 0, 1]])
    for f, k in itertools.product(package.STRATEGIES, range(8)):
        base = {**subset(inputs[f], k), "cam_present": cameras}
        want = run(nets[f], base, f)
        if not all(np.isfinite(v).all() for v in want.values()):
            raise ExportError(f"masking: fuser {f}, subset {k}: outputs are not finite")
        for junk in (1e6, float("nan"), float("inf")):
            x = spoil(base, junk)
            for name, got in run(nets[f], x, f).items():
                if not np.array_equal(got, want[name]):
                    raise ExportError(f"masking: fuser {f}, subset {k}: {junk} in absent inputs changes {name}")
                n += 1
        off = run(
            nets[f], {**base, "present": torch.ones(1, 3), "reliability": base["reliability"] * base["present"]}, f
        )
        if not all(np.array_equal(off[name], want[name]) for name in want):
            raise ExportError(f"masking: fuser {f}, subset {k}: reliability 0 is not the same as absent")
    return n


def spoil(inputs: dict[str, Tensor], junk: float) -> dict[str, Tensor]:
    """Return a fuser's inputs with everything that belongs to an absent modality or camera replaced by junk."""
    here, cameras = inputs["present"][0] > 0, inputs["cam_present"] > 0
    bad = torch.tensor(junk)
    x = dict(inputs)
    for m, name in enumerate(("lidar", "radar", "table")):
        if not here[m]:
            x[name] = torch.full_like(x[name], junk)
    if not here[grid.CAMERA]:
        x["weight"] = torch.full_like(x["weight"], junk)
    x["table"] = torch.where(cameras[:, :, None, None], x["table"], bad)
    x["weight"] = torch.where(cameras[0][x["index"] // grid.TABLE_ROWS], x["weight"], bad)
    x["reliability"] = torch.where(here, x["reliability"], bad)
    x["age"] = torch.where(here, x["age"], bad)
    return x
