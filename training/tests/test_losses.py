import math

import pytest
import torch

from tribev import losses


def test_focal_by_hand():
    target = torch.zeros(1, 10, 4, 4)
    target[0, 0, 1, 1], target[0, 0, 1, 2] = 1.0, 0.5
    p = torch.full_like(target, 1e-4)
    p[0, 0, 1, 1], p[0, 0, 1, 2] = 0.6, 0.3
    want = -math.log(0.6) * 0.4**2 - 0.5**4 * math.log(0.7) * 0.3**2
    assert losses.focal(p, target).item() == pytest.approx(want, abs=1e-5)


def test_focal_counts_rare_classes_more():
    target = torch.zeros(1, 10, 8, 8)
    target[0, 0, ::2, ::2] = 1.0  # 16 objects
    target[0, 2, 1, 1] = 1.0  # one
    p = torch.where(target > 0, torch.tensor(1 - 1e-4), torch.tensor(1e-4))
    best = losses.focal(p, target).item()
    cost = {}
    for kind, at in ((0, 0), (2, 1)):
        worse = p.clone()
        worse[0, kind, at, at] = 0.5
        cost[kind] = losses.focal(worse, target).item() - best
    assert cost[2] / cost[0] == pytest.approx(4.0, rel=1e-3), "sqrt(16 / 1)"


def test_unknown_velocity_costs_nothing_and_has_no_gradient():
    batch = {"heat": torch.zeros(1, 10, 4, 4), "reg": torch.zeros(1, 10, 4, 4), "centre": torch.zeros(1, 4, 4)}
    batch["centre"][0, 2, 2] = 1
    batch["reg"][0, 8:, 2, 2] = float("nan")
    reg = torch.ones(1, 10, 4, 4, requires_grad=True)
    loss = losses.detection(torch.full((1, 10, 4, 4), 1e-5), reg, batch, 1.0)
    loss.backward()
    assert loss.item() == pytest.approx(sum(losses.REG_WEIGHT[:8]), abs=1e-4)
    assert reg.grad[0, :, 2, 2].tolist() == pytest.approx([*losses.REG_WEIGHT[:8], 0, 0])
    assert reg.grad.abs().sum() == reg.grad[0, :, 2, 2].abs().sum(), "only object centres count"


def test_depth_ignores_unknown():
    logits = torch.zeros(1, 32, 12, 32)
    logits[0, 5, 0, 0] = 50
    target = torch.full((1, 12, 32), -1)
    assert losses.depth(logits, target).item() == 0
    target[0, 0, 0] = 5
    assert losses.depth(logits, target).item() == pytest.approx(0, abs=1e-6)
    target[0, 0, 0] = 6
    assert losses.depth(logits, target).item() == pytest.approx(50, rel=1e-3)


def test_align_prefers_matching_tokens():
    torch.manual_seed(0)
    a = torch.randn(1, 16, 64, 64)
    where = torch.zeros(1, 64, 64, dtype=torch.bool)
    where[0, ::9, ::9] = True
    same = losses.align(a, a, where, 0.1)
    other = losses.align(a, torch.randn(1, 16, 64, 64), where, 0.1)
    assert same < 0.1 < other
    assert losses.align(a, a, torch.zeros_like(where), 0.1) == 0
