#!/usr/bin/env python3
"""Train and export TriBEV model packages for fusiond. See README.md beside this file."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads must not spin while other work runs

import torch

from tribev import checkpoint, config, made, package
from tribev.batch import feed
from tribev.checkpoint import TrainError
from tribev.data import TensorError
from tribev.export import TOLERANCE, ExportError, check_masking, export, randomise
from tribev.model import TriBEV
from tribev.network import SIZES
from tribev.objective import stage_loss
from tribev.store import Store, same_inputs
from tribev.trainer import CHECKPOINT, Trainer, say


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand; 0 done, 1 failed, 2 usage, 3 stopped before the end."""
    p = argparse.ArgumentParser(description=__doc__)
    verbs = p.add_subparsers(dest="verb", required=True)

    t = verbs.add_parser("train", help="train a network on tensors that `fusiond tensors` wrote")
    t.add_argument(
        "--tensors",
        required=True,
        nargs="+",
        action="extend",
        metavar="DIR",
        help='tensor folders, or "made" for made data; DIR[0:56]*3 is a range of one\'s sets, each drawn three times',
    )
    t.add_argument("--check", nargs="+", action="extend", metavar="DIR", help="folders that are never trained on")
    t.add_argument("--out", required=True, metavar="DIR", help=f"where {CHECKPOINT} and run.json go")
    t.add_argument("--config", default="default", metavar="C", help='"default", "tiny" or a JSON file')
    t.add_argument("--seed", type=int, help="instead of the configuration's")
    t.add_argument("--set", action="append", default=[], metavar="K=V", help="change a key of the configuration")
    t.add_argument("--pace", type=float, default=1.0, help="times every stage's steps")
    start = t.add_mutually_exclusive_group()
    start.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    start.add_argument("--init", metavar="FILE", help="begin with the weights of another run's checkpoint")
    start.add_argument("--weights", metavar="DIR", help="folder of yolox_nano.onnx, where the camera backbone is that")

    e = verbs.add_parser("export", help="write a model package: ONNX files, golden tensors, manifest")
    source = e.add_mutually_exclusive_group(required=True)
    source.add_argument("--checkpoint", metavar="FILE", help="what to export")
    source.add_argument("--random", action="store_true", help="random weights, for tests of the runtime")
    e.add_argument("--tensors", default="made", metavar="DIR", help='folder the golden inputs come from, or "made"')
    e.add_argument("--set", type=int, metavar="N", help="position of the golden set (default: the middle one)")
    e.add_argument("--out", required=True, metavar="DIR")
    e.add_argument("--size", default="tiny", choices=list(SIZES), help="with --random")
    e.add_argument("--seed", type=int, default=0, help="with --random")
    e.add_argument("--inputs-sha256", metavar="HEX", help="with --random: the fingerprint of the encoders' inputs")
    e.add_argument("--name", help="name in the manifest")
    e.add_argument("--version", default="0.1.0", help="version in the manifest")
    e.add_argument("--licence", default="Apache-2.0", help="licence in the manifest, with that of the data")
    e.add_argument("--fusers", nargs="+", metavar="F", help="only these of the fusers that it has")

    verbs.add_parser("selfcheck", help="masking, learning and export on made data, in seconds")
    c = verbs.add_parser("config", help="print a configuration as JSON, with every key")
    c.add_argument("config", nargs="?", default="default")
    c.add_argument("--set", action="append", default=[], metavar="K=V", help="change a key of the configuration")
    c.add_argument("--pace", type=float, default=1.0, help="times every stage's steps")

    args = p.parse_args(argv)
    try:
        return {"train": train, "export": export_package, "selfcheck": selfcheck, "config": show}[args.verb](args)
    except (config.ConfigError, TensorError, TrainError, ExportError) as err:
        print(f"train.py {args.verb}: {err}", file=sys.stderr)
        return 1


def show(args) -> int:
    """Print a configuration."""
    print(config.override(config.load(args.config), args.set, args.pace).to_json(), end="")
    return 0


def open_store(specs: list[str], scratch: str, sets: int = 4, cache: int = 0) -> Store:
    """Return the store of tensor folders; "made" stands for made data, written to scratch."""
    return Store([made.write(Path(scratch) / "made", sets) if s == "made" else s for s in specs], cache)


def train(args) -> int:
    """Train to the end or to a signal."""
    cfg = config.override(config.load(args.config), args.set, args.pace)
    if args.seed is not None:
        cfg = config.override(cfg, [f"seed={args.seed}"])
    with tempfile.TemporaryDirectory() as scratch:
        store = open_store(args.tensors, scratch, cache=cfg.data.cache_sets)
        check = open_store(args.check, scratch, cache=cfg.check_most) if args.check else None
        trainer = Trainer(cfg, store, args.out, check)
        if args.resume:
            trainer.resume()
        elif (Path(args.out) / CHECKPOINT).exists():
            raise TrainError(f"train: {args.out} already holds a {CHECKPOINT}: give --resume or another --out")
        else:
            trainer.begin(args.weights, args.init)
        if not trainer.run():
            return 3
    say(f"trained {', '.join(trainer.place.trained)} in {trainer.place.total} steps: {Path(args.out) / CHECKPOINT}")
    return 0


def export_package(args) -> int:
    """Write a package from a checkpoint or with random weights."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        store = open_store([args.tensors], scratch, sets=1)
        inputs = store.inputs_sha256
        if args.random:
            inputs = args.inputs_sha256 or inputs
            torch.manual_seed(args.seed)
            model, trained = TriBEV(args.size), []
            strategies, late = package.STRATEGIES, package.even_weights([])
            randomise(model, args.seed)
            facts = {"data": "none: random weights", "sets": "", "seed": args.seed, "steps": 0, "config_sha256": ""}
            facts |= {"data_sha256": "", "commit": checkpoint.commit()}
            name, about = f"tribev-{args.size}-random", "Random weights, for tests of runtimes. Detects nothing."
        else:
            c = checkpoint.read(args.checkpoint)
            cfg = config.from_dict(c["config"], f"{args.checkpoint}: config")
            inputs = c["inputs_sha256"]
            if args.tensors != "made":
                same_inputs(f"export {args.checkpoint}", inputs, store.inputs_sha256, args.tensors)
            model, trained = TriBEV.of(cfg), c["place"]["trained"]
            checkpoint.load_weights(model, c, "model", f"read checkpoint {args.checkpoint}")
            strategies = (*(f for f in config.FUSERS if f in trained), "late")
            if args.fusers is not None:
                if unknown := [f for f in args.fusers if f not in strategies]:
                    has = ", ".join(strategies)
                    raise ExportError(f"--fusers {unknown[0]}: the checkpoint has {has}: name some of those")
                strategies = tuple(f for f in strategies if f in args.fusers)
            late = c["place"]["late"] or package.even_weights(trained)
            facts = {"data": package.told(c["data"]), "sets": f"{sum(d['sets'] for d in c['data'])}", "seed": cfg.seed}
            facts |= {"steps": c["place"]["total"], "init_sha256": c["place"]["init_sha256"]}
            facts |= {k: c[k] for k in ("config_sha256", "data_sha256", "commit")}
            name = cfg.name
            missing = [m for m in ("lidar", "radar", "camera") if m not in trained]
            about = f"TriBEV, size {cfg.size}: camera, radar and lidar to 3D boxes, for every subset of the sensors."
            about += f" Untrained: {', '.join(missing)}." if missing else ""
        pick = len(store.sets) // 2 if args.set is None else args.set
        if not 0 <= pick < len(store.sets):
            raise TensorError(f"--set {pick}: {args.tensors} holds sets 0 to {len(store.sets) - 1}")
        worst = export(model, store.load(pick), args.out, strategies)
    package.write(
        args.out,
        package.manifest(
            args.out,
            model.size,
            trained,
            strategies,
            late,
            inputs,
            facts,
            name=args.name or name,
            version=args.version,
            licence=args.licence,
            description=about,
        ),
    )
    for f in sorted(Path(args.out).iterdir()):
        off = f"   {worst[f.name] * TOLERANCE:.1e} from torch" if f.name in worst else ""
        print(f"{f.name:24s} {f.stat().st_size / 1e6:7.3f} MB{off}")
    if not worst:
        print("not compared with ONNX Runtime here (onnxruntime is not installed): run `fusiond model verify`")
    return 0


def selfcheck(_args) -> int:
    """Check masking of a random network, that it can learn, and that it exports."""
    torch.set_num_threads(1)
    cfg = config.tiny()
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(made.write(Path(scratch) / "tensors"))
        torch.manual_seed(0)
        model = TriBEV(cfg.size)
        randomise(model, 0)
        print(f"masking: {check_masking(model, store.load(0))} outputs unchanged by what is absent")
        trainer = Trainer(cfg, store, Path(scratch) / "run")
        trainer.begin()
        stage = next(s for s in cfg.stages if s.objective == "fusion")
        n = cfg.stages.index(stage)
        ids = store.select(cfg.data.train_sets, cfg.data.kinds)
        batch, d = next(feed(store, ids, cfg, n, 0))
        optimizer = trainer.optimizer(list(stage.train), stage)
        trained = []
        for _ in range(25):
            trainer.step(batch, d, stage, list(stage.train), optimizer)
            trained.append(float(stage_loss(trainer.model, batch, d, stage, cfg)[0].detach()))
        print(f"learning: loss of one batch {trained[0]:.2f} -> {trained[-1]:.2f} in 25 steps")
        if trained[-1] > 0.7 * trained[0]:
            raise TrainError("selfcheck: one batch is not learned")
        worst = export(trainer.model, store.load(0), Path(scratch) / "package")
        print("export: valid" + (f", ONNX Runtime within {max(worst.values()) * TOLERANCE:.1e}" if worst else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
