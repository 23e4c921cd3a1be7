import numpy as np
import pytest

from tribev.data import targets
from tribev.metrics import average_precision, decode


def test_decode_reads_targets_back(rng):
    boxes = np.array(
        [[0, 10.3, -20.1, 0.9, 4.5, 1.9, 1.6, 0.5, 4, 1], [5, -30.2, 5.5, 1.0, 0.7, 0.6, 1.8, -2.9, 0, 1]], np.float32
    )
    heat, reg, _ = targets(boxes)
    got = decode(heat * 0.9, reg)
    assert got.shape == (2, 11) and got[:, 10] == pytest.approx(0.9)
    assert got[np.argsort(got[:, 0]), :10] == pytest.approx(boxes, abs=1e-4)
    assert decode(np.zeros_like(heat), reg).shape == (0, 11)


def test_decode_keeps_the_best_of_near_peaks():
    heat, reg = np.zeros((10, 128, 128), np.float32), np.zeros((10, 128, 128), np.float32)
    heat[0, 60, 60], heat[0, 62, 60], heat[0, 70, 60], heat[1, 62, 60] = 0.9, 0.8, 0.7, 0.6
    assert decode(heat, reg)[:, [0, 10]] == pytest.approx(np.array([[0, 0.9], [0, 0.7], [1, 0.6]]))


@pytest.mark.parametrize(
    ("found", "truth", "want"),
    [
        ([[[0, 0, 0.9]]], [[[0.5, 0]]], 1.0),
        ([[[0, 0, 0.9]]], [[[3, 0]]], 0.0),
        ([[]], [[[3, 0]]], 0.0),
        ([[[0, 0, 0.9], [0.1, 0, 0.8]]], [[[0, 0]]], 1.0),  # a duplicate after full recall costs nothing
        ([[[0, 0, 0.9]], [[50, 0, 0.8]]], [[[0, 0]], [[0, 0]]], 40 / 90),  # recall to 0.5 at precision 1
    ],
)
def test_average_precision(found, truth, want):
    f = [np.array(x, float).reshape(-1, 3) for x in found]
    t = [np.array(x, float).reshape(-1, 2) for x in truth]
    assert average_precision(f, t, 2.0) == pytest.approx(want, abs=0.02)


def test_no_truth_is_unknown():
    assert np.isnan(average_precision([np.zeros((0, 3))], [np.zeros((0, 2))], 2.0))
