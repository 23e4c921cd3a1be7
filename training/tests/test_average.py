import dataclasses

import numpy as np
import pytest
import torch

from tribev import checkpoint, config, made
from tribev.average import Average
from tribev.checkpoint import TrainError
from tribev.data import TensorError
from tribev.decisions import bins, hits, weigh
from tribev.export import ExportError, export
from tribev.grid import CLASSES
from tribev.model import TriBEV
from tribev.store import Store
from tribev.trainer import CHECKPOINT, Trainer

CFG = config.tiny()
ONE = dataclasses.replace(CFG, stages=(dataclasses.replace(CFG.stages[0], steps=2),))


def test_average_follows_by_hand(model):
    a = Average(model, 0.5)
    start = model.lidar.out.bias.detach().clone()
    other = model.radar.skip.bias.detach().clone()
    with torch.no_grad():
        model.lidar.out.bias += 1
        model.radar.skip.bias += 1
        model.lidar.stem[0][1].running_mean += 1
    mean = a.model.lidar.stem[0][1].running_mean.clone()
    for step, share in ((0, 0.9), (100, 0.95)):
        a.update(model, ["lidar"], step)
        assert torch.allclose(a.model.lidar.out.bias, start + share, atol=1e-6), "decay 0.1, then 0.5"
    assert torch.allclose(a.model.lidar.stem[0][1].running_mean, mean + 0.95, atol=1e-6)
    assert torch.equal(a.model.radar.skip.bias, other), "parts that do not move are left alone"


def test_what_is_stored_is_the_average(store, tmp_path):
    class Watched(Trainer):
        def step(self, *args):
            terms = super().step(*args)
            self.last = self.model.lidar.out.weight.detach().clone()
            return terms

    trainer = Watched(ONE, store, tmp_path)
    assert trainer.run()
    stored = checkpoint.read(tmp_path / CHECKPOINT)["model"]["lidar.out.weight"]
    assert not torch.equal(stored, trainer.last) and torch.equal(stored, trainer.model.lidar.out.weight)
    trainer = Watched(dataclasses.replace(ONE, ema=0.0), store, tmp_path / "off")
    assert trainer.run()
    assert torch.equal(checkpoint.read(tmp_path / "off" / CHECKPOINT)["model"]["lidar.out.weight"], trainer.last)


def test_init_begins_with_the_others_weights(store, tmp_path):
    assert Trainer(ONE, store, tmp_path / "a").run()
    c = checkpoint.read(tmp_path / "a" / CHECKPOINT)
    second = Trainer(dataclasses.replace(CFG, seed=7), store, tmp_path / "b")
    second.begin(init=tmp_path / "a" / CHECKPOINT)
    assert all(torch.equal(v, c["model"][k]) for k, v in second.model.state_dict().items())
    assert all(torch.equal(v, c["model"][k]) for k, v in second.average.model.state_dict().items())
    assert second.place.trained == ["lidar"] and second.place.total == 0
    assert second.place.init_sha256 == checkpoint.sha256(tmp_path / "a" / CHECKPOINT)
    with pytest.raises(TrainError, match="its size is 'tiny', the configuration's 'xs'"):
        Trainer(dataclasses.replace(CFG, size="xs"), store, tmp_path / "c").begin(init=tmp_path / "a" / CHECKPOINT)
    c["inputs_sha256"] = "e" * 64
    checkpoint.write(tmp_path / "a" / CHECKPOINT, c)
    with pytest.raises(TensorError, match="made by encoders eeeeeeeeeeee"):
        Trainer(CFG, store, tmp_path / "d").begin(init=tmp_path / "a" / CHECKPOINT)
    with pytest.raises(TensorError, match="made by encoders eeeeeeeeeeee"):
        Trainer(ONE, store, tmp_path / "a").resume()


def test_a_pretrained_backbone_needs_its_file(store, tmp_path):
    with pytest.raises(TrainError, match="--weights"):
        Trainer(dataclasses.replace(CFG, camera_backbone="yolox_nano"), store, tmp_path).begin()


def test_a_pretrained_backbone_learns_slower(store, tmp_path):
    trainer = Trainer(dataclasses.replace(CFG, camera_backbone="yolox_nano"), store, tmp_path)
    stage = config.Stage(name="camera", objective="camera", train=("camera",), backbone_lr=0.1)
    groups = trainer.optimizer(["camera"], stage).param_groups
    slow = {id(p) for g in groups if g["factor"] == 0.1 for p in g["params"]}
    assert slow == {id(p) for p in trainer.model.camera.backbone.pretrained.parameters()}
    assert sum(len(g["params"]) for g in groups) == sum(len(list(m.parameters())) for m in trainer.model.part("camera"))


def test_check_folders_are_checked_and_give_decision_weights(store, tmp_path):
    held = Store(made.write(tmp_path / "held", sets=2, seed=9))
    cfg = dataclasses.replace(CFG, data=config.Data(), stages=(dataclasses.replace(CFG.stages[2], steps=1),))
    trainer = Trainer(cfg, store, tmp_path / "run", held)
    assert trainer.check_ids == [0, 1] and trainer.check_store is held
    assert trainer.run()
    late = checkpoint.read(tmp_path / "run" / CHECKPOINT)["place"]["late"]
    assert set(late) == {"lidar", "radar", "camera"} and set(late["lidar"]) == set(CLASSES)
    assert all(len(w) == 3 and 0 <= min(w) <= max(w) <= 1 for m in late.values() for w in m.values())
    assert Trainer(cfg, store, tmp_path / "none").check_ids == [], "without folders or range nothing is checked"


def test_hits_bins_and_weights_by_hand():
    truth = np.zeros((2, 10))
    truth[:, 1] = 10, 20
    found = np.zeros((4, 11))
    found[:, 1], found[3, 0] = (10.5, 9.5, 21.9, 20), 1
    assert hits(found, truth).tolist() == [True, False, True, False], "each object once, and only by its class"
    assert bins(np.array([[0, 14.9], [15, 0], [0, 29.9], [-30, 0], [50, 50]])).tolist() == [0, 1, 1, 2, 2]
    score, right = np.array([[8.0, 0.0]]), np.array([[6.0, 0.0]])
    assert weigh(score, right).tolist() == [[pytest.approx(7.5 / 10), pytest.approx(0.75)]]
    assert weigh(np.zeros((1, 2)), np.zeros((1, 2))).tolist() == [[0, 0]]


def test_weights_that_are_not_finite_are_not_exported(store, model, tmp_path):
    with torch.no_grad():
        model.hybrid.out.weight[0, 0] = float("nan")
    with pytest.raises(ExportError, match=r"hybrid\.out\.weight holds NaN"):
        export(model, store.load(0), tmp_path)


@pytest.mark.parametrize("believe", [True, False])
def test_reliability_can_be_ignored(store, believe):
    torch.manual_seed(0)
    fuser = TriBEV("tiny", reliability=believe).eval().attention
    tokens = [torch.randn(1, 16, 64, 64) for _ in range(3)]
    here, seen, age = torch.ones(1, 3), torch.ones(1, 1, 64, 64), torch.zeros(1, 3)
    with torch.no_grad():
        full, less, none = (
            fuser.fuse(tokens, seen, here, torch.tensor([[r, 1.0, 1.0]]), age)[2][0, 0] for r in (1.0, 0.2, 0.0)
        )
    assert (less < full) == believe and none == 0


def test_early_sum_weighs_channels_of_what_is_there():
    torch.manual_seed(0)
    fuser = TriBEV("tiny", early="sum").early
    with torch.no_grad():
        fuser.weight.copy_(torch.randn(3, 16))
    tokens = [torch.full((1, 16, 64, 64), float(m + 1)) for m in range(3)]
    mask = [torch.ones(1, 1, 64, 64), torch.ones(1, 1, 64, 64), torch.zeros(1, 1, 64, 64)]
    tokens[2] *= 0
    mixed, attention = fuser.mix(tokens, mask, torch.zeros(1, 3))
    w = torch.softmax(fuser.weight[:2], 0)
    assert torch.allclose(mixed[0, :16, 5, 5], w[0] + 2 * w[1])
    assert attention[0, 2].max() == 0 and torch.allclose(attention.sum(1), torch.ones(1, 64, 64))
