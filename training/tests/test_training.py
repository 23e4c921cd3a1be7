import dataclasses
import json
import os
import signal

import pytest
import torch

from tribev import checkpoint, config, made
from tribev.checkpoint import TrainError
from tribev.store import Store
from tribev.trainer import CHECKPOINT, Trainer, one_cycle

CFG = config.tiny()


def weights(trainer):
    return {k: v.clone() for k, v in trainer.model.state_dict().items()}


def test_one_cycle_rises_and_falls():
    rates = [one_cycle(n, 100, 1.0) for n in range(100)]
    assert max(rates) == pytest.approx(1.0) and rates.index(max(rates)) in (19, 20)
    assert rates[:20] == sorted(rates[:20]) and rates[20:] == sorted(rates[20:], reverse=True)
    assert rates[0] < 0.2 and rates[-1] < 0.01


def test_smoke_run_then_resume_after_a_stop_is_the_same(store, tmp_path):
    whole = Trainer(CFG, store, tmp_path / "whole")
    assert whole.run()
    assert whole.place.trained == ["lidar", "radar", "camera", "attention", "early", "hybrid"]

    class Interrupted(Trainer):
        """Gets SIGTERM in the third step of the fusion stage."""

        def step(self, batch, d, stage, moving, optimizer):
            if stage.name == "fusion" and self.place.step == 2:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().step(batch, d, stage, moving, optimizer)

    before = signal.getsignal(signal.SIGTERM)
    assert not Interrupted(CFG, store, tmp_path / "cut").run()
    assert signal.getsignal(signal.SIGTERM) is before
    second = Trainer(CFG, store, tmp_path / "cut")
    second.resume()
    assert (second.place.stage, second.place.step) == (2, 3)
    assert second.run()
    want, got = weights(whole), weights(second)
    assert all(torch.equal(got[k], want[k]) for k in want), "a resumed run must give the same bits"

    report = json.loads((tmp_path / "cut" / "run.json").read_text())
    assert report["steps"] == 26 and report["config_sha256"] == CFG.sha256()
    assert report["data_sha256"] == store.sha256() and report["seed"] == CFG.seed
    assert sum(report["subsets_drawn"].values()) == 2 * 14 * 2
    fused = next(h for h in report["history"] if h["stage"] == "fusion")
    assert len(fused["ap_at_0.5_1_2_4_m"]) == 7, "every subset is scored"


def test_a_stage_moves_its_parts_and_no_other(store, tmp_path):
    stage = dataclasses.replace(CFG.stages[3], steps=2)
    trainer = Trainer(dataclasses.replace(CFG, stages=(stage,)), store, tmp_path)
    before = weights(trainer)
    assert trainer.run()
    moved = {k.split(".")[0] for k, v in weights(trainer).items() if not torch.equal(v, before[k])}
    assert moved == {"early"}, "weights and batch-norm statistics of frozen parts stay"


def test_without_radar_its_encoder_stays_untrained(tmp_path):
    store = Store(made.write(tmp_path / "tensors", radar=False))
    stages = (
        config.Stage(name="radar", objective="radar", train=("radar",), steps=2, batch=2),
        config.Stage(name="fusion", steps=2, batch=2),
    )
    trainer = Trainer(dataclasses.replace(CFG, stages=stages), store, tmp_path / "run")
    before = weights(trainer)
    assert trainer.run()
    assert trainer.place.trained == ["lidar", "camera", "attention"]
    after = weights(trainer)
    assert all(torch.equal(after[k], before[k]) for k in before if k.startswith(("radar.", "aux.radar.")))
    assert "radar" not in "".join(trainer.place.draws)


def test_resume_is_refused_where_it_would_lie(store, tmp_path):
    stages = (dataclasses.replace(CFG.stages[0], steps=1),)
    one = dataclasses.replace(CFG, stages=stages)
    assert Trainer(one, store, tmp_path).run()
    with pytest.raises(TrainError, match="another configuration"):
        Trainer(dataclasses.replace(one, seed=2), store, tmp_path).resume()
    other = Store(made.write(tmp_path / "other", sets=3, seed=9))
    with pytest.raises(TrainError, match="another tensors"):
        Trainer(one, other, tmp_path).resume()


def test_damaged_checkpoints_are_refused(tmp_path):
    with pytest.raises(TrainError, match="no such file"):
        checkpoint.read(tmp_path / CHECKPOINT)
    state = {"model": {"w": torch.zeros(1000)}, "live": None}
    checkpoint.write(tmp_path / CHECKPOINT, state)
    assert checkpoint.read(tmp_path / CHECKPOINT)["model"]["w"].shape == (1000,)
    data = (tmp_path / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(data[: len(data) // 2])
    with pytest.raises(TrainError, match="truncated"):
        checkpoint.read(tmp_path / CHECKPOINT)
    state["live"] = {"w": torch.tensor([1.0, float("nan")])}
    checkpoint.write(tmp_path / CHECKPOINT, state)
    with pytest.raises(TrainError, match="live w holds NaN"):
        checkpoint.read(tmp_path / CHECKPOINT)
    torch.save({"a": 1}, tmp_path / CHECKPOINT)
    with pytest.raises(TrainError, match="not of format"):
        checkpoint.read(tmp_path / CHECKPOINT)


def test_a_loss_that_is_not_finite_stops_the_run(store, tmp_path):
    trainer = Trainer(CFG, store, tmp_path)
    with torch.no_grad():
        trainer.model.lidar.out.bias.fill_(float("nan"))
    with pytest.raises(TrainError, match="stage lidar, step 0: loss is nan"):
        trainer.run()
