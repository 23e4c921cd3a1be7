"""Checkpoint files, and the facts that tie a run to its code."""

import subprocess
from pathlib import Path

import torch

FORMAT = "fusiond.checkpoint/1"


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
    return c


def commit() -> str:
    """Return the git commit of this folder's repository, "+changes" added if files differ; "unknown" outside one."""
    here = Path(__file__).parent

    def git(*args: str) -> str:
        return subprocess.run(["git", *args], cwd=here, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
