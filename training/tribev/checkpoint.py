"""Checkpoint files, and the facts that tie a run to its code."""

import hashlib
import subprocess
from pathlib import Path

import torch
from torch import nn

from .config import Config

FORMAT = "fusiond.checkpoint/2"

NETWORK = ("size", "camera_backbone", "early", "reliability")  # keys that decide what the network is


class TrainError(RuntimeError):
    """A run that cannot go on; the text says why and what would cure it."""


def write(path: Path, state: dict) -> None:
    """Write a checkpoint, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save({"format": FORMAT, **state}, part)
    part.replace(path)


def read(path) -> dict:
    """Return what write wrote. It is unpickled: read only files of your own."""
    try:
        c = torch.load(path, map_location="cpu")
    except FileNotFoundError as e:
        raise TrainError(f"read checkpoint {path}: no such file: train first, or mend the path") from e
    except Exception as e:
        raise TrainError(f"read checkpoint {path}: truncated or no checkpoint ({e}): use an older copy") from e
    if not isinstance(c, dict) or c.get("format") != FORMAT:
        raise TrainError(f"read checkpoint {path}: not of format {FORMAT}: train again with this version")
    for which in ("model", "live"):
        for name, t in (c.get(which) or {}).items():
            if t.is_floating_point() and not torch.isfinite(t).all():
                raise TrainError(f"read checkpoint {path}: {which} {name} holds NaN or infinity: use an older copy")
    return c


def check_network(c: dict, config: Config, where: str) -> None:
    """Refuse a checkpoint whose network is not the one that config describes."""
    for key in NETWORK:
        found, want = c["config"].get(key), getattr(config, key)
        if found != want:
            raise TrainError(f"{where}: its {key} is {found!r}, the configuration's {want!r}: use one of the other's")


def load_weights(model: nn.Module, c: dict, which: str, where: str) -> None:
    """Give a network the weights of a checkpoint."""
    try:
        model.load_state_dict(c[which])
    except (RuntimeError, KeyError) as e:
        raise TrainError(f"{where}: its weights are of another network ({str(e)[:200]}): train again") from e


def sha256(path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def commit() -> str:
    """Return the git commit of this folder's repository, "+changes" added if files differ; "unknown" outside one."""
    here = Path(__file__).parent

    def git(*args: str) -> str:
        return subprocess.run(["git", *args], cwd=here, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
