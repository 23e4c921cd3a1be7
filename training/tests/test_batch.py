import threading
from collections import Counter

import numpy as np
import pytest
import torch

from tribev import config
from tribev.batch import draw, feed, make, order, schedule, subset_of
from tribev.config import Doubt
from tribev.objective import degrade

CFG = config.tiny()


def test_order_is_one_series_of_permutations():
    whole = order(7, 1, 0, 0, 70)
    assert all(sorted(whole[e : e + 7]) == list(range(7)) for e in range(0, 70, 7))
    assert order(7, 1, 0, 25, 20) == whole[25:45], "a later start reads the same series"
    assert whole[:7] != whole[7:14] or whole[7:14] != whole[14:21]
    assert order(7, 2, 0, 0, 70) != whole and order(7, 1, 1, 0, 70) != whole


@pytest.mark.parametrize("available", range(1, 8))
def test_subsets_are_proper_and_all_drawn(rng, available):
    got = Counter(subset_of(available, rng) for _ in range(400))
    proper = {k for k in range(1, 8) if k & ~available == 0 and k != available}
    assert set(got) == (proper or {available})
    if available == 7:
        assert got[0b110] + got[0b101] + got[0b011] == pytest.approx(240, abs=45)


def test_draw_full_and_subset(rng):
    present = np.array([[1, 0, 1], [1, 1, 1], [1, 0, 0], [0, 1, 1]])
    measured = present * np.array([1.0, 0.5, 0.8])
    for _ in range(20):
        d = draw(present, present, present * 0.1, Doubt(swap=1.0, degrade=1.0, age=1.0), True, rng)
        assert d.present[:4].int().tolist() == present.tolist()
        assert (d.present[4:] <= d.present[:4]).all() and (d.present.sum(1) > 0).all()
        assert d.other.tolist() == [1, 2, 3, 0]
        assert d.swap.tolist() == [True, False, False, True], "only where both samples have cameras"
        twice = torch.from_numpy(np.tile(present > 0, (2, 1)))
        r = d.reliability[twice]
        assert ((r > 0.3) & (r <= 1)).all() and (d.reliability[~twice] == 0).all()
        assert ((d.age[twice] >= 0.1) & (d.age[twice] < 0.4)).all()
        share = d.spoilt.float().mean((2, 3))[twice]
        assert (share[r == 1] == 0).all()
        assert torch.allclose(share, 1 - r, atol=0.3)
    still = Doubt(swap=0.0, degrade=0.0, age=0.0)
    d = draw(present, measured, present * 0.0, still, True, rng)
    assert not d.swap.any() and not d.spoilt.any() and (d.age == 0).all()
    assert d.reliability.numpy() == pytest.approx(np.tile(measured, (2, 1)))
    assert (draw(present, measured, present * 0.0, still, False, rng).reliability == 1).all(), "the ablation"


def test_a_swapped_camera_brings_its_own_reliability(rng):
    here, measured = np.ones((2, 3)), np.array([[1, 1, 0.9], [1, 1, 0.2]])
    d = draw(here, measured, here * 0, Doubt(swap=1.0, degrade=0.0, age=0.0), True, rng)
    assert d.reliability[:, 2].tolist() == pytest.approx([0.2, 0.9, 0.9, 0.2])


@pytest.mark.parametrize(("share", "proper"), [(0.0, 0), (1.0, 40)])
def test_subsets_can_be_off(rng, share, proper):
    here = np.ones((40, 3))
    d = draw(here, here, here * 0, Doubt(subset=share), True, rng)
    assert int((d.present[40:].sum(1) < 3).sum()) == proper


def test_schedule_draws_folders_by_weight():
    groups = [(tuple(range(10)), 1.0), ((100, 101), 3.0), ((200, 201, 202), 0.5)]
    whole = schedule(groups, 1, 0, 0, 18 * 6)
    assert schedule(groups, 1, 0, 31, 20) == whole[31:51], "a later start reads the same series"
    for turn in range(6):
        got = Counter(whole[18 * turn : 18 * turn + 18])
        assert all(got[i] == 1 for i in range(10)) and got[100] == got[101] == 3
    thirds = Counter(i for i in whole if i >= 200)
    assert set(thirds.values()) == {4}, "two of three a turn, evenly over the turns"
    assert len({tuple(whole[n : n + 18]) for n in range(0, 108, 18)}) == 6


def test_one_sample_is_never_swapped_with_itself(rng):
    here = np.ones((1, 3))
    d = draw(here, here, here * 0, Doubt(swap=1.0, degrade=1.0), True, rng)
    assert not d.swap.any() and (d.reliability == 1).all() and not d.spoilt.any()


def test_degrade_puts_the_others_tokens_where_told(rng):
    tokens = [torch.full((2, 1, 64, 64), 10.0 * m) + torch.tensor([1.0, 2.0])[:, None, None, None] for m in range(3)]
    seen = torch.stack([torch.zeros(1, 64, 64), torch.ones(1, 64, 64)])
    here = np.ones((2, 3))
    d = draw(here, here, here * 0, Doubt(swap=0.0, degrade=0.0), True, rng)
    d.swap[0] = True
    d.spoilt[3, 0, :8] = True
    out, covers = degrade(tokens, seen, d)
    assert out[2][:, 0, 0, 0].tolist() == [22, 22, 21, 22], "sample 0's full set has sample 1's camera"
    assert covers[:, 0, 0, 0].tolist() == [1, 1, 0, 1]
    assert (out[0][3, 0, :8] == 1).all() and (out[0][3, 0, 8:] == 2).all()
    assert torch.equal(out[1], torch.cat([tokens[1], tokens[1]]))


def test_feed_gives_what_make_makes_and_ends_its_thread(store):
    ids = [0, 1, 2]
    for start in (0, 4):
        got = list(feed(store, ids, CFG, 2, start))
        assert len(got) == CFG.stages[2].steps - start
        for n, (batch, d) in enumerate(got):
            want, want_d = make(store, ids, CFG, 2, start + n)
            assert all(torch.equal(batch[k].nan_to_num(), want[k].nan_to_num()) for k in want)
            assert torch.equal(d.present, want_d.present) and torch.equal(d.spoilt, want_d.spoilt)
    source = feed(store, ids, CFG, 2, 0)
    next(source)
    source.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("feed")]


def test_feed_raises_what_went_wrong(store):
    with pytest.raises(IndexError):
        list(feed(store, [99], CFG, 0, 0))
