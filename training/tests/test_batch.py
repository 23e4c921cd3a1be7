import threading
from collections import Counter

import numpy as np
import pytest
import torch

from tribev import config
from tribev.batch import draw, feed, make, order, subset_of
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
    for _ in range(20):
        d = draw(present, Doubt(swap=1.0, degrade=1.0, age=1.0), rng)
        assert d.present[:4].int().tolist() == present.tolist()
        assert (d.present[4:] <= d.present[:4]).all() and (d.present.sum(1) > 0).all()
        assert d.other.tolist() == [1, 2, 3, 0]
        assert d.swap.tolist() == [True, False, False, True], "only where both samples have cameras"
        assert ((d.reliability > 0.3) & (d.reliability <= 1)).all() and ((d.age >= 0) & (d.age < 0.3)).all()
        share = d.spoilt.float().mean((2, 3))
        assert (share[d.reliability == 1] == 0).all()
        assert torch.allclose(share, 1 - d.reliability, atol=0.3)
    d = draw(present, Doubt(swap=0.0, degrade=0.0, age=0.0), rng)
    assert not d.swap.any() and not d.spoilt.any() and (d.reliability == 1).all() and (d.age == 0).all()


def test_one_sample_is_never_swapped_with_itself(rng):
    d = draw(np.ones((1, 3)), Doubt(swap=1.0, degrade=1.0), rng)
    assert not d.swap.any() and (d.reliability == 1).all() and not d.spoilt.any()


def test_degrade_puts_the_others_tokens_where_told(rng):
    tokens = [torch.full((2, 1, 64, 64), 10.0 * m) + torch.tensor([1.0, 2.0])[:, None, None, None] for m in range(3)]
    seen = torch.stack([torch.zeros(1, 64, 64), torch.ones(1, 64, 64)])
    d = draw(np.ones((2, 3)), Doubt(swap=0.0, degrade=0.0), rng)
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
    assert not [t for t in threading.enumerate() if t.name == "feed"]


def test_feed_raises_what_went_wrong(store):
    with pytest.raises(IndexError):
        list(feed(store, [99], CFG, 0, 0))
