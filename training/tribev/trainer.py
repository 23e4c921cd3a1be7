"""The training loop: stages, learning rates, checkpoints, progress."""

import contextlib
import json
import math
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from . import checkpoint
from .average import Average
from .backbone import load_yolox
from .batch import Draw, feed
from .checkpoint import TrainError
from .config import PARTS, Config, Stage
from .data import TensorError
from .decisions import decision_weights
from .grid import MODALITIES
from .metrics import check
from .model import TriBEV
from .objective import stage_loss
from .store import Store, same_inputs

CHECKPOINT = "checkpoint.pt"
CLEAR = "\r\x1b[K"  # back to the start of the terminal's line, and empty it


@dataclass
class Place:
    """How far a run has come."""

    stage: int = 0
    step: int = 0  # steps done in this stage
    total: int = 0  # steps done in all
    history: list[dict] = field(default_factory=list)
    trained: list[str] = field(default_factory=list)  # parts that some stage has trained
    draws: dict[str, int] = field(default_factory=dict)  # how often the fuser saw each subset
    late: dict[str, dict[str, list[float]]] = field(default_factory=dict)  # decision weights, once all is trained
    init_sha256: str = ""  # of the checkpoint whose weights the run began with


def one_cycle(step: int, steps: int, peak: float) -> float:
    """Return the learning rate of a step: up from peak / 10 in the first 0.2, then a cosine down to peak / 1000."""
    up = max(1, round(0.2 * steps))
    if step < up:
        return peak * (0.1 + 0.9 * (step + 1) / up)
    t = (step - up) / max(1, steps - up)
    return peak * (0.001 + 0.999 * 0.5 * (1 + math.cos(math.pi * t)))


class Trainer:
    """Runs a configuration's stages over tensors and leaves checkpoint.pt and run.json in a folder.

    self.model is what the steps move; self.average.model is what is checked, stored and exported. At a stage's end the
    first becomes the second, so that the next stage builds on what is exported.
    """

    def __init__(self, config: Config, store: Store, out, check_store: Store | None = None):
        self.config, self.store, self.out = config, store, Path(out)
        self.place, self.stopped = Place(), False
        self.data_sha256 = store.sha256()
        if check_store is not None:
            same_inputs("check folders", check_store.inputs_sha256, store.inputs_sha256, "those to train on")
        self.check_store, span = check_store or store, config.data.check_sets
        self.check_ids = self.check_store.select(span, config.data.kinds) if check_store or span else []
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.model = TriBEV.of(config).to(memory_format=torch.channels_last)
        self.average = Average(self.model, config.ema)
        self._optimizer_state = None

    def begin(self, weights=None, init=None) -> None:
        """Set the first weights: the checkpoint init's, or random ones and a camera backbone from folder weights."""
        if init is not None:
            c = checkpoint.read(init)
            checkpoint.check_network(c, self.config, f"init {init}")
            same_inputs(f"init {init}", c["inputs_sha256"], self.store.inputs_sha256, "these tensors")
            checkpoint.load_weights(self.model, c, "model", f"init {init}")
            self.place.trained = list(c["place"]["trained"])
            self.place.init_sha256 = checkpoint.sha256(init)
            if not self.check_ids:  # nothing to fit new ones on
                self.place.late = c["place"]["late"]
        elif self.model.pretrained():
            if weights is None:
                raise TrainError("train: camera_backbone yolox_nano starts from yolox_nano.onnx: give its folder with "
                                 "--weights, or a checkpoint with --init")  # fmt: skip
            load_yolox(self.model.camera.backbone.pretrained, weights)
        self._follow()

    def _follow(self) -> None:
        """Set the averaged weights to the present ones."""
        self.average.model.load_state_dict(self.model.state_dict())

    def resume(self) -> None:
        """Go on from the checkpoint in the output folder. Refuses one of another configuration or other tensors."""
        c = checkpoint.read(self.out / CHECKPOINT)
        same_inputs(f"resume {self.out}", c["inputs_sha256"], self.store.inputs_sha256, "these tensors")
        for what, found, want in (
            ("configuration", c["config_sha256"], self.config.sha256()),
            ("tensors", c["data_sha256"], self.data_sha256),
        ):
            if found != want:
                raise TrainError(f"resume {self.out}: made with another {what} ({found[:12]}, now {want[:12]}): "
                                 "use the same, or another --out")  # fmt: skip
        checkpoint.load_weights(self.average.model, c, "model", f"resume {self.out}")
        checkpoint.load_weights(self.model, c, "model" if c["live"] is None else "live", f"resume {self.out}")
        self.place, self._optimizer_state = Place(**c["place"]), c["optimizer"]

    def run(self) -> bool:
        """Train to the end; false if SIGTERM or SIGINT stopped it after a step, with a checkpoint written."""
        before = {s: signal.signal(s, self._stop) for s in (signal.SIGTERM, signal.SIGINT)}
        try:
            for n in range(self.place.stage, len(self.config.stages)):
                if self.place.stage != n:
                    self.place.stage, self.place.step = n, 0
                if not self._run_stage(n, self.config.stages[n]):
                    return False
            if self.check_ids and not self.place.late:
                self.place.late = decision_weights(
                    self.average.model, self.check_store, self._some_checks(), self.place.trained
                )
                self.save(None)
                self.write_report()
            return True
        finally:
            for s, handler in before.items():
                signal.signal(s, handler)

    def _some_checks(self) -> list[int]:
        most = self.config.check_most
        return self.check_ids[:: max(1, -(-len(self.check_ids) // most))] if most else []

    def _stop(self, *_) -> None:
        self.stopped = True

    def _run_stage(self, n: int, stage: Stage) -> bool:
        ids = self.store.select(stage.sets or self.config.data.train_sets, self.config.data.kinds)
        if stage.objective in MODALITIES:
            m = MODALITIES.index(stage.objective)
            ids = [i for i in ids if self.store.present(i)[m]]
            if not ids:
                say(f"stage {stage.name}: skipped: no set to train on has {stage.objective}")
                return True
        if not ids:
            raise TensorError(f"stage {stage.name}: no set in the range to train on: mend train_sets or sets")
        moving = self._moving(stage, ids)
        optimizer = self.optimizer(moving, stage)
        if self._optimizer_state is not None:
            optimizer.load_state_dict(self._optimizer_state)
            self._optimizer_state = None
        start, saved, sums = time.monotonic(), time.monotonic(), {}
        begun = self.place.step
        source = feed(self.store, ids, self.config, n, begun)
        with contextlib.closing(source):
            for batch, d in source:
                terms = self.step(batch, d, stage, moving, optimizer)
                self.average.update(self.model, moving, self.place.step)
                self.place.step += 1
                self.place.total += 1
                for k, v in terms.items():
                    sums[k] = 0.95 * sums.get(k, v) + 0.05 * v
                self._count(d, stage)
                progress(stage, self.place.step, self.place.step - begun, start, sums)
                last = self.place.step == stage.steps
                every = self.config.check_every if stage.objective == "fusion" and not last else 0
                if every and self.place.step % every == 0:
                    self._log(stage, sums, time.monotonic() - start)
                if not last and (self.stopped or time.monotonic() - saved > self.config.checkpoint_s):
                    self.save(optimizer)
                    saved = time.monotonic()
                if self.stopped and not last:
                    say(f"stopped in stage {stage.name} after step {self.place.step}: go on with --resume")
                    return False
        self.model.load_state_dict(self.average.model.state_dict())
        self.place.trained = [p for p in PARTS if p in self.place.trained or p in moving]
        self._log(stage, sums, time.monotonic() - start)
        self.place.stage, self.place.step = n + 1, 0
        self.save(None)
        return True

    def _moving(self, stage: Stage, ids: list[int]) -> list[str]:
        """Return the parts that this stage can really train: encoders only where their sensor occurs."""
        here = np.zeros(3, bool)
        for i in ids:
            here |= self.store.present(i) > 0
        return [p for p in PARTS if p in stage.train and (p not in MODALITIES or here[MODALITIES.index(p)])]

    def optimizer(self, moving: list[str], stage: Stage) -> torch.optim.Optimizer:
        """Return a stage's optimizer over the parts that move, and freeze every other weight."""
        self.model.requires_grad_(False)
        groups = []
        for p in moving:
            factor = stage.encoder_lr if stage.objective == "fusion" and p in MODALITIES else 1.0
            params = [q for module in self.model.part(p) for q in module.parameters()]
            slow = {id(q) for q in self.model.pretrained()}
            for own in (True, False):
                some = [q for q in params if (id(q) not in slow) == own]
                by = factor if own else factor * stage.backbone_lr
                for q in some:
                    q.requires_grad_(True)
                wide = [q for q in some if q.ndim > 1]
                thin = [q for q in some if q.ndim <= 1]  # norms and biases are not decayed
                for some, decay in ((wide, self.config.weight_decay), (thin, 0.0)):
                    if some:
                        groups.append({"params": some, "factor": by, "weight_decay": decay})
        return torch.optim.AdamW(groups, lr=stage.lr, betas=(0.9, 0.99))

    def step(
        self, batch: dict[str, Tensor], d: Draw, stage: Stage, moving: list[str], optimizer: torch.optim.Optimizer
    ) -> dict[str, float]:
        """Make one step at the present place in the stage and return the loss's parts."""
        self.model.eval()
        frozen_norm = self.place.step >= stage.steps * (1 - stage.freeze_norm)
        for p in moving:
            for module in self.model.part(p):
                module.train()
                if frozen_norm:
                    for norm in module.modules():
                        if isinstance(norm, nn.BatchNorm2d):
                            norm.eval()
        for g in optimizer.param_groups:
            g["lr"] = one_cycle(self.place.step, stage.steps, stage.lr) * g["factor"]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.config.bf16):
            loss, terms = stage_loss(self.model, batch, d, stage, self.config)
        if not torch.isfinite(loss):
            raise TrainError(f"stage {stage.name}, step {self.place.step}: loss is {loss.item()} ({terms}): "
                             "lower the stage's lr, or set bf16 to false")  # fmt: skip
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        params = [q for g in optimizer.param_groups for q in g["params"]]
        nn.utils.clip_grad_norm_(params, self.config.clip_norm)
        optimizer.step()
        return terms

    def _count(self, d: Draw, stage: Stage) -> None:
        if stage.objective == "fusion":
            for p in d.present.int().tolist():
                name = "+".join(m for m, on in zip(MODALITIES, p, strict=True) if on)
                self.place.draws[name] = self.place.draws.get(name, 0) + 1

    def _log(self, stage: Stage, sums: dict[str, float], seconds: float) -> None:
        entry = {"stage": stage.name, "step": self.place.step, "seconds": round(seconds, 1)}
        entry["loss"] = {k: round(v, 4) for k, v in sums.items()}
        if stage.objective == "fusion":
            entry["ap_at_0.5_1_2_4_m"] = check(self.average.model, self.check_store, self._some_checks(), stage.fuser)
            for name, classes in entry["ap_at_0.5_1_2_4_m"].items():
                short = ", ".join(f"{c} {ap[2]:.2f}" for c, ap in classes.items())
                say(f"quick check, {stage.fuser}, {name}: AP at 2 m: {short}")
        self.place.history.append(entry)
        self.write_report()

    def save(self, optimizer: torch.optim.Optimizer | None) -> None:
        """Write checkpoint.pt, whole or not at all."""
        state = {
            **self._facts(),
            "config": json.loads(self.config.to_json()),
            "data": self.store.facts(),
            "place": dict(vars(self.place)),
            "model": self.average.model.state_dict(),
            "live": self.model.state_dict() if optimizer else None,
            "optimizer": optimizer.state_dict() if optimizer else None,
        }
        checkpoint.write(self.out / CHECKPOINT, state)

    def write_report(self) -> None:
        """Write run.json: configuration, hashes, versions, history."""
        self.out.mkdir(parents=True, exist_ok=True)
        report = {
            **self._facts(),
            "config": json.loads(self.config.to_json()),
            "data": self.store.facts(),
            "checked_on": self.check_store.facts() if self.check_ids else [],
            "seed": self.config.seed,
            "steps": self.place.total,
            "trained": self.place.trained,
            "init_sha256": self.place.init_sha256,
            "subsets_drawn": self.place.draws,
            "late_weights": self.place.late,
            "versions": {"python": sys.version.split()[0], "torch": torch.__version__, "numpy": np.__version__},
            "history": self.place.history,
        }
        (self.out / "run.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")

    def _facts(self) -> dict[str, str]:
        return {
            "config_sha256": self.config.sha256(),
            "data_sha256": self.data_sha256,
            "inputs_sha256": self.store.inputs_sha256,
            "commit": checkpoint.commit(),
        }


def say(text: str) -> None:
    """Write a line to stderr, below the progress line."""
    print((CLEAR if sys.stderr.isatty() else "") + text, file=sys.stderr, flush=True)


def progress(stage: Stage, step: int, done: int, start: float, sums: dict[str, float]) -> None:
    """Show step, loss and remaining time of a stage: in place on a terminal, else ten lines a stage."""
    live = sys.stderr.isatty()
    if not (live or step == stage.steps or step % max(1, stage.steps // 10) == 0):
        return
    each = (time.monotonic() - start) / done
    parts = " ".join(f"{k} {v:.3f}" for k, v in sums.items())
    left = f"{each:.2f} s a step, {(stage.steps - step) * each:.0f} s left"
    end = "" if live and step < stage.steps else "\n"
    print(
        f"{CLEAR if live else ''}{stage.name} {step}/{stage.steps}  {parts}  {left}",
        file=sys.stderr,
        end=end,
        flush=True,
    )
