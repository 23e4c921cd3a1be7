"""The typed configuration of a training run: defaults, ranges, strict reading and writing as JSON."""

import dataclasses
import hashlib
import json
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path

from .grid import MODALITIES

FUSERS = ("attention", "early", "hybrid")
PARTS = (*MODALITIES, *FUSERS)
BACKBONES = ("own", "yolox_nano")
EARLY = ("stack", "sum")


class ConfigError(ValueError):
    """A configuration that cannot be used; the text names the key, what was expected and what was found."""


def _num(default, low, high):
    return field(default=default, metadata={"low": low, "high": high})


def _share(default):
    return _num(default, 0.0, 1.0)


def _one_of(default, *choices):
    return field(default=default, metadata={"choices": choices})


@dataclass(frozen=True)
class Data:
    """Which sets are used, by position in the list that the tensor folders make, in their order: [from, to).

    An empty range is everything. check_sets counts in the folders of --check; without those it counts in the training
    folders, where an empty range means that nothing is checked.
    """

    train_sets: tuple[int, ...] = ()
    check_sets: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ("reference",)
    cache_sets: int = _num(8000, 0, 100_000)  # packed sets kept in memory, 0.6 to 1 MB each


@dataclass(frozen=True)
class Augment:
    """Probabilities and sizes of the changes made to a sample; picture, raster, table and boxes stay consistent."""

    mirror: float = _share(0.5)
    rotate: float = _share(0.5)  # by 90, 180 or 270 degrees about z
    warp: float = _share(0.25)  # turned by any angle up to warp_deg and scaled by up to warp_scale
    warp_deg: float = _num(22.5, 0.0, 45.0)
    warp_scale: float = _num(0.05, 0.0, 0.2)
    tilt: float = _share(0.5)  # lidar raised by up to tilt_m, pitched and rolled by up to tilt_deg; boxes with it
    tilt_m: float = _num(0.3, 0.0, 1.0)
    tilt_deg: float = _num(0.5, 0.0, 2.0)
    intensity_drop: float = _share(0.3)  # lidar intensity channel set to 0
    intensity_scale: float = _share(0.5)  # ... or raised to a power and scaled, as another sensor would have it
    beam_drop: float = _share(0.3)  # lidar returns kept only where the beams of a coarser sensor would pass
    cell_drop: float = _share(0.3)  # some lidar raster cells emptied
    cell_drop_max: float = _share(0.3)  # ... at most this share of them
    colour: float = _share(0.8)  # brightness, contrast, colour balance, noise
    shift: float = _share(0.5)  # image moved by whole feature cells, table moved with it
    camera_drop: float = _share(0.2)  # one or two cameras taken away
    miscalibrate: float = _share(0.0)  # images moved by up to 4 pixels (1 degree) without their table


@dataclass(frozen=True)
class Loss:
    """Weights of the loss terms beside the detection loss of the fused heads (weight 1)."""

    regression: float = _num(0.5, 0.0, 10.0)
    aux: float = _num(0.3, 0.0, 10.0)  # detection heads on each encoder alone
    depth: float = _num(0.5, 0.0, 10.0)  # depth bins of the camera, from lidar
    align: float = _num(0.05, 0.0, 10.0)  # InfoNCE between modalities at object cells
    temperature: float = _num(0.1, 0.01, 1.0)


@dataclass(frozen=True)
class Doubt:
    """How often the fuser is shown members that it should not believe."""

    swap: float = _share(0.5)  # full sets whose camera tokens come from another sample, at full reliability
    degrade: float = _share(0.25)  # a modality at reliability r in (0.3, 1]: a share 1 - r of it is from another
    age: float = _share(0.3)  # a modality stated to be up to 0.3 s older than it is
    subset: float = _share(1.0)  # second halves of a batch that get a random proper subset of the sensors; else all


@dataclass(frozen=True)
class Stage:
    """One leg of the training, with its own optimizer and one-cycle learning rate."""

    name: str = "fusion"
    objective: str = _one_of("fusion", *MODALITIES, "align", "fusion")  # align: encoders together, without a fuser
    fuser: str = _one_of("attention", *FUSERS)  # which fuser an objective "fusion" trains
    train: tuple[str, ...] = PARTS[:4]  # parts whose weights move; the others are frozen in evaluation mode
    sets: tuple[int, ...] = ()  # a range of its own; empty: data.train_sets
    steps: int = _num(300, 1, 1_000_000)
    batch: int = _num(4, 1, 256)
    lr: float = _num(2e-3, 1e-6, 1.0)
    encoder_lr: float = _num(1.0, 0.0, 10.0)  # factor for encoders in a fusion stage
    backbone_lr: float = _num(0.2, 0.0, 10.0)  # further factor for a camera backbone that came with weights
    freeze_norm: float = _share(0.15)  # last share of the steps, with batch-norm statistics frozen


@dataclass(frozen=True)
class Config:
    """Everything that decides what a run computes, besides the tensors."""

    name: str = "tribev-s"
    size: str = _one_of("s", "tiny", "xs", "s", "m", "l")
    camera_backbone: str = _one_of("own", *BACKBONES)  # yolox_nano: starts from weights trained on photos (--weights)
    early: str = _one_of("stack", *EARLY)  # how the early fuser joins the tokens: stacked channels or a learned sum
    reliability: bool = True  # false: the fusers ignore it, unless it is 0 (for the ablation)
    seed: int = _num(1, 0, 2**31 - 1)
    threads: int = _num(2, 1, 256)
    bf16: bool = True
    ema: float = _num(0.998, 0.0, 0.99999)  # decay of the averaged weights a step; 0: no averaging
    weight_decay: float = _num(0.01, 0.0, 1.0)
    clip_norm: float = _num(10.0, 0.01, 1e4)
    checkpoint_s: float = _num(120.0, 1.0, 86400.0)
    check_every: int = _num(0, 0, 1_000_000)  # steps between quick checks inside a fusion stage; 0: at its end
    check_most: int = _num(200, 0, 100_000)  # sets that a quick check uses at most
    data: Data = field(default_factory=Data)
    augment: Augment = field(default_factory=Augment)
    loss: Loss = field(default_factory=Loss)
    doubt: Doubt = field(default_factory=Doubt)
    stages: tuple[Stage, ...] = (
        Stage(name="lidar", objective="lidar", train=("lidar",), steps=700),
        Stage(name="radar", objective="radar", train=("radar",), steps=300),
        Stage(name="camera", objective="camera", train=("camera",), steps=500),
        Stage(name="align", objective="align", train=MODALITIES, steps=100, lr=3e-4),
        Stage(name="fusion", train=("attention",), steps=500, lr=1.5e-3),
        Stage(name="joint", train=PARTS[:4], steps=100, lr=5e-4, encoder_lr=0.1),
        Stage(name="early", fuser="early", train=("early",), steps=300, lr=1.5e-3),
    )

    def to_json(self) -> str:
        """Return the configuration as JSON text with every key, in a fixed order."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    def sha256(self) -> str:
        """Return the SHA-256 of to_json()."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def tiny() -> Config:
    """Return the smoke configuration: seconds on made data."""
    stage = {"steps": 6, "batch": 2}
    return Config(
        name="tribev-tiny",
        size="tiny",
        threads=1,
        data=Data(train_sets=(0, 3), check_sets=(3, 4)),
        stages=(
            Stage(name="lidar", objective="lidar", train=("lidar",), **stage),
            Stage(name="camera", objective="camera", train=("camera",), **stage),
            Stage(name="fusion", encoder_lr=0.1, **stage),
            Stage(name="early", fuser="early", train=("early",), **stage),
            Stage(name="hybrid", fuser="hybrid", train=("hybrid",), steps=2, batch=2),
        ),
    )


NAMED = {"default": Config, "tiny": tiny}


def load(source: str) -> Config:
    """Return the configuration called source ("default", "tiny") or read from the JSON file of that path.

    Keys that are left out have their defaults; unknown keys, wrong types and values out of range are refused.
    """
    if source in NAMED:
        return NAMED[source]()
    path = Path(source)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise ConfigError(f"read config {path}: {e.strerror}: give a JSON file or one of {sorted(NAMED)}") from e
    except ValueError as e:
        raise ConfigError(f"read config {path}: not JSON: {e}") from e
    return from_dict(data, str(path))


def from_dict(data, where: str = "config") -> Config:
    """Return the configuration in data, as json.loads gives it. where names it in errors."""
    config = _build(Config, data, where)
    for i, stage in enumerate(config.stages):
        at = f"{where}: stages[{i}] ({stage.name})"
        for part in stage.train:
            if part not in PARTS:
                raise ConfigError(f"{at}: train: {part!r} is none of {PARTS}")
        if stage.objective == "fusion" and stage.fuser not in stage.train:
            raise ConfigError(f"{at}: train: the fuser {stage.fuser!r} is not in {stage.train}: add it")
        if stage.objective in MODALITIES and stage.train != (stage.objective,):
            raise ConfigError(f"{at}: train: an encoder stage trains [{stage.objective!r}] and nothing else")
        if stage.objective == "align" and (not stage.train or set(stage.train) - set(MODALITIES)):
            raise ConfigError(f"{at}: train: an align stage trains encoders, of {MODALITIES}, and nothing else")
        _check_range(stage.sets, f"{at}: sets", empty_ok=True)
    if len({s.name for s in config.stages}) != len(config.stages):
        raise ConfigError(f"{where}: stages: two have the same name: the history needs distinct names")
    _check_range(config.data.train_sets, f"{where}: data.train_sets", empty_ok=True)
    _check_range(config.data.check_sets, f"{where}: data.check_sets", empty_ok=True)
    return config


def override(config: Config, settings: list[str], pace: float = 1.0) -> Config:
    """Return config with "key=value" settings, then every stage's steps times pace.

    A key is a path such as loss.align or stages.fusion.steps, where stages go by name; "stages=lidar,fusion" keeps only
    those. Values are JSON; what is not JSON is text.
    """
    data = json.loads(config.to_json())
    for setting in settings:
        key, equals, text = setting.partition("=")
        at = f"--set {setting}"
        if not equals:
            raise ConfigError(f"{at}: not key=value: write for example --set loss.align=0")
        if key == "stages":
            names = text.split(",")
            unknown = set(names) - {s["name"] for s in data["stages"]}
            if unknown:
                raise ConfigError(
                    f"{at}: no stage {sorted(unknown)[0]!r}: there are {[s['name'] for s in data['stages']]}"
                )
            data["stages"] = [s for s in data["stages"] if s["name"] in names]
            continue
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        *path, last = key.split(".")
        place = data
        for k in path:
            place = {s["name"]: s for s in place} if isinstance(place, list) else place
            place = place.get(k) if isinstance(place, dict) else None
        if not isinstance(place, dict) or last not in place:
            raise ConfigError(f"{at}: no such key: `train.py config` prints them all")
        place[last] = value
    for stage in data["stages"]:
        stage["steps"] = max(1, round(stage["steps"] * pace))
    return from_dict(data, "--set" if settings else "--pace")


def _check_range(r, at, empty_ok=False):
    if not (empty_ok and r == ()) and not (len(r) == 2 and 0 <= r[0] <= r[1]):
        raise ConfigError(f"{at}: {list(r)} is not [from, to] with 0 <= from <= to")


def _build(cls, data, where):
    if not isinstance(data, dict):
        raise ConfigError(f"{where}: expected an object, found {type(data).__name__}")
    hints = typing.get_type_hints(cls)
    known = {f.name: f for f in dataclasses.fields(cls)}
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}: known are {', '.join(known)}")
    return cls(**{k: _value(hints[k], v, known[k].metadata, f"{where}: {k}") for k, v in data.items()})


def _value(kind, v, meta, at):
    if dataclasses.is_dataclass(kind):
        return _build(kind, v, at)
    if isinstance(kind, types.GenericAlias):  # tuple[X, ...]
        if not isinstance(v, (list, tuple)):
            raise ConfigError(f"{at}: expected a list, found {type(v).__name__}")
        return tuple(_value(kind.__args__[0], x, {}, f"{at}[{i}]") for i, x in enumerate(v))
    if kind is float and type(v) is int:
        v = float(v)
    if type(v) is not kind:
        raise ConfigError(f"{at}: expected {kind.__name__}, found {v!r}")
    if "choices" in meta and v not in meta["choices"]:
        raise ConfigError(f"{at}: {v!r} is none of {meta['choices']}")
    if "low" in meta and not meta["low"] <= v <= meta["high"]:
        raise ConfigError(f"{at}: {v} is outside {meta['low']} to {meta['high']}")
    return v
