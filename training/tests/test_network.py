import itertools

import numpy as np
import pytest
import torch

from tribev import grid, package
from tribev.export import ExportError, check_masking, golden_inputs, networks, run, spoil, subset
from tribev.lift import lift
from tribev.network import SIZES
from tribev.package import STRATEGIES


def test_lift_by_hand():
    table = torch.arange(2 * 5 * 2, dtype=torch.float32).reshape(1, 2, 5, 2)
    index = torch.zeros(1, 4096, 4, dtype=torch.int64)
    weight = torch.zeros(1, 4096, 4)
    index[0, 65] = torch.tensor([0, 4, 5, 9])  # rows 0 and 4 of camera 0, 0 and 4 of camera 1
    weight[0, 65] = torch.tensor([0.5, 0.25, 0.125, 0.125])
    tokens, coverage = lift(table, index, weight, torch.ones(1, 2))
    want = 0.5 * table[0, 0, 0] + 0.25 * table[0, 0, 4] + 0.125 * table[0, 1, 0] + 0.125 * table[0, 1, 4]
    assert torch.equal(tokens[0, :, 1, 1], want) and coverage[0, 0, 1, 1] == 1
    assert tokens.abs().sum() == want.abs().sum(), "no other cell reads anything"
    tokens, coverage = lift(table, index, weight, torch.tensor([[1.0, 0.0]]))
    assert torch.equal(tokens[0, :, 1, 1], 0.5 * table[0, 0, 0] + 0.25 * table[0, 0, 4])
    assert coverage[0, 0, 1, 1] == 0.75


def test_lift_of_a_batch_is_each_alone(rng):
    table = torch.from_numpy(rng.normal(size=(2, 6, 1024, 4)).astype(np.float32))
    index = torch.from_numpy(rng.integers(0, 6144, (2, 4096, 4)))
    weight = torch.from_numpy(rng.random((2, 4096, 4), np.float32))
    here = torch.tensor([[1.0, 1, 0, 1, 1, 1], [0, 1, 1, 1, 0, 1]])
    both = lift(table, index, weight, here)
    for n in range(2):
        one = lift(*(t[n : n + 1] for t in (table, index, weight, here)))
        assert torch.equal(both[0][n], one[0][0]) and torch.equal(both[1][n], one[1][0])


@pytest.mark.parametrize("size", ["tiny", "xs", "s"])
def test_shapes_are_the_manifests(store, size):
    from tribev.model import TriBEV

    nets = networks(TriBEV(size))
    inputs = golden_inputs(nets, store.load(0))
    for m, (i, o) in package.encoder_tensors(SIZES[size]).items():
        assert {k: list(v.shape) for k, v in inputs[m].items()} == {i["name"]: i["shape"]}
        assert {k: list(v.shape) for k, v in run(nets[m], inputs[m], m).items()} == {o["name"]: o["shape"]}
    for f in STRATEGIES:
        want_in, want_out = package.fuser_tensors(SIZES[size], f)
        assert [(k, list(v.shape)) for k, v in inputs[f].items()] == [(t["name"], t["shape"]) for t in want_in]
        got = run(nets[f], inputs[f], f)
        assert [(k, list(v.shape)) for k, v in got.items()] == [(t["name"], t["shape"]) for t in want_out]


def test_absent_changes_no_bit(store, model):
    assert check_masking(model, store.load(0)) == 4 * 8 * 3 * 4


def test_masking_check_can_fail(store, model):
    class Leaky(type(model.attention)):
        def mix(self, tokens, mask, trust):
            mixed, attention = super().mix(tokens, mask, trust)
            return mixed + 1e-30 * self.last, attention

        def fuse(self, tokens, *rest):
            self.last = tokens[0]
            return super().fuse(tokens, *rest)

    model.attention.__class__ = Leaky
    with pytest.raises(ExportError, match="changes heat"):
        check_masking(model, store.load(0))


@pytest.mark.parametrize("fuser", STRATEGIES)
def test_every_present_part_matters(store, model, fuser):
    """The counterpart of masking: what is present does change the output."""
    nets = networks(model)
    base = golden_inputs(nets, store.load(0))[fuser]
    want = run(nets[fuser], base, fuser)["heat"]
    for name in ("lidar", "radar", "table", "weight"):
        assert not np.array_equal(run(nets[fuser], {**base, name: base[name] * 0.5}, fuser)["heat"], want), name
    outputs = [run(nets[fuser], subset(base, k), fuser)["heat"] for k in range(8)]
    for a, b in itertools.combinations(outputs, 2):
        assert not np.array_equal(a, b)


@pytest.mark.parametrize("fuser", STRATEGIES)
def test_mass_sums_to_one_and_falls_with_doubt(store, model, fuser):
    nets = networks(model)
    base = golden_inputs(nets, store.load(0))[fuser]
    base |= {"reliability": torch.ones(1, 3), "age": torch.zeros(1, 3)}
    for k in (1, 2, 3):
        assert run(nets[fuser], subset(base, k), fuser)["mass"].sum() == pytest.approx(1, abs=1e-5)
    assert run(nets[fuser], subset(base, 0), fuser)["mass"].tolist() == [[0, 0, 0]]
    for m in range(3):
        masses = []
        for r in (1.0, 0.7, 0.3, 0.05):
            reliability = torch.ones(1, 3)
            reliability[0, m] = r
            masses.append(float(run(nets[fuser], {**base, "reliability": reliability}, fuser)["mass"][0, m]))
        assert masses == sorted(masses, reverse=True) and masses[-1] < 0.5 * masses[0]
        age = torch.zeros(1, 3)
        age[0, m] = 0.3
        assert run(nets[fuser], {**base, "age": age}, fuser)["mass"][0, m] < masses[0]


def test_spoil_touches_only_what_is_absent(store, model):
    base = subset(golden_inputs(networks(model), store.load(0))["attention"], 0b001)
    got = spoil(base, float("nan"))
    assert torch.equal(got["lidar"], base["lidar"]) and torch.isnan(got["radar"]).all()
    assert torch.isnan(got["weight"]).all()
    assert got["age"][0, grid.LIDAR] == base["age"][0, grid.LIDAR] and torch.isnan(got["age"][0, 1:]).all()
