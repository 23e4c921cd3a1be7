import numpy as np
import pytest

from tribev import made, sweep
from tribev.augment import change_lidar, miscalibrate, warp
from tribev.config import Augment
from tribev.data import check_set, targets
from tribev.grid import CAMERAS, INTENSITY, LOG_COUNT, MAX_Z, SLICES

OFF = dict.fromkeys((k for k, v in Augment.__dataclass_fields__.items() if v.type is float), 0.0)


def one(points):
    """Columns of points [N, 4]."""
    return sweep.columns(made.lidar_raster(np.array(points, float)))


def test_columns_are_the_raster(rng):
    _, points = made.scene(rng)
    raster = made.lidar_raster(points)
    cells, values = sweep.columns(raster)
    assert np.array_equal(sweep.raster(cells, values, np.float32), raster)
    x, y = sweep.places(cells)
    ij = np.floor((np.stack([x, y]) + 51.2) / 0.4).astype(int)
    assert np.array_equal(ij[0] * 256 + ij[1], cells)


@pytest.mark.parametrize("by", [0.0, 0.6, -0.6, 1.2])
def test_lift_by_whole_slices_is_the_raster_of_raised_points(rng, by):
    points = np.c_[rng.uniform(-50, 50, (500, 2)), rng.uniform(0.9, 2.3, 500), rng.random(500)]
    _, values = one(points)
    sweep.lift(values, np.full(values.shape[1], by, np.float32), rng)
    _, want = one(points + np.array([0, 0, by, 0]))
    assert np.array_equal(values[:SLICES], want[:SLICES])
    assert values == pytest.approx(want, abs=1e-5)


def test_lift_moves_a_share_of_the_lower_points_and_the_top_exactly(rng):
    n = 4000
    cells = np.arange(n)
    values = np.zeros((11, n), np.float32)
    values[[2, 4]], values[MAX_Z], values[LOG_COUNT] = 1, 1.5 / 4, 0.3  # a point in 0.2..0.8, the top at 1.5 m
    sweep.lift(values, np.full(n, 0.15, np.float32), rng)
    assert values[MAX_Z] * 4 == pytest.approx(np.full(n, 1.65)) and (values[4] == 1).all()
    assert values[3].mean() == pytest.approx(0.25, abs=0.03) and (values[2] + values[3] == 1).all()
    assert len(cells) == n


def test_what_leaves_the_heights_is_gone(rng):
    _, values = one([[0, 0, 3.7, 0.5], [10, 10, 3.7, 0.5], [10, 10, 0.5, 0.5], [20, 20, -0.9, 0.5]])
    sweep.lift(values, np.array([0.5, 0.5, -0.5], np.float32), rng)
    assert (values[LOG_COUNT] > 0).tolist() == [False, True, False]
    assert values[MAX_Z, 1] * 4 < 1.5, "a column that lost its top has a lower one"
    assert values[[INTENSITY, MAX_Z]][:, [0, 2]].max() == 0


def test_coarser_beams_keep_rings_of_the_ground(rng):
    """Ground returns of 64 beams, thinned to beams 2 degrees apart, lie where those beams meet the ground."""
    r, a = np.meshgrid(np.arange(4, 40, 0.2), np.linspace(0, 2 * np.pi, 1500))
    points = np.c_[(r * np.cos(a)).ravel(), (r * np.sin(a)).ravel(), np.zeros(r.size), np.ones(r.size)]
    cells, values = one(points)
    x, y = sweep.places(cells)
    before = (values[LOG_COUNT] > 0).sum()
    sweep.coarser_beams(values, x, y, 1.8, 0.035, 0.0, rng)
    left = values[LOG_COUNT] > 0
    assert 0.05 * before < left.sum() < 0.6 * before
    far = np.hypot(x, y)[left]
    far = far[far > 12]
    to_beam = np.abs(1.8 / far / 0.035 - np.round(1.8 / far / 0.035)) * 0.035 * far**2 / 1.8  # m along the ground
    assert to_beam.max() < 1.2


def test_tilt_moves_boxes_with_the_points(rng):
    s = made.sample(rng)
    got = change_lidar(s, Augment(**{**OFF, "tilt": 1.0, "tilt_m": 0.3, "tilt_deg": 0.5}), np.random.default_rng(3))
    moved = got["boxes"][:, 3] - s["boxes"][:, 3]
    fit, rest, *_ = np.linalg.lstsq(np.c_[s["boxes"][:, 1:3], np.ones(len(moved))], moved, rcond=None)
    assert rest.sum() < 1e-9 and 0 < abs(fit[2]) <= 0.3 and 0 < np.abs(fit[:2]).max() <= np.tan(np.radians(0.5))
    cells, values = sweep.columns(got["lidar_raster"])
    old_cells, old = sweep.columns(s["lidar_raster"])
    both, i, j = np.intersect1d(cells, old_cells, return_indices=True)
    x, y = sweep.places(both)
    rise = (values[MAX_Z, i] - old[MAX_Z, j]) * 4
    assert np.median(np.abs(rise - (fit[0] * x + fit[1] * y + fit[2]))) < 0.01, "points and boxes rise alike"
    check_set(got, "tilted")


@pytest.mark.parametrize(("angle", "scale"), [(0.3, 1.0), (-0.2, 1.05), (0.0, 0.95)])
def test_warp_moves_points_and_boxes_alike(rng, angle, scale):
    boxes, points = made.scene(rng)
    s = {**made.sample(rng), "boxes": boxes, "lidar_raster": made.lidar_raster(points).astype(np.float16)}
    got = warp(s, angle, scale)
    check_set(got, "warped")
    c, d = np.cos(angle) * scale, np.sin(angle) * scale
    moved = points.copy()
    moved[:, 0], moved[:, 1] = c * points[:, 0] - d * points[:, 1], d * points[:, 0] + c * points[:, 1]
    tall = made.lidar_raster(moved)[3:6].max(0) > 0
    mine = got["lidar_raster"][3:6].max(0) > 0
    near = np.pad(tall, 1)
    near = np.any([near[1 + a : 257 + a, 1 + b : 257 + b] for a in (-1, 0, 1) for b in (-1, 0, 1)], 0)
    assert mine.sum() > 0.8 * tall.sum() and (mine & ~near).sum() == 0, "within a cell of the exact raster"
    assert got["boxes"][:, 1] == pytest.approx(c * boxes[:, 1] - d * boxes[:, 2], abs=1e-4)
    assert got["boxes"][:, 4:7] == pytest.approx(boxes[:, 4:7] * [scale, scale, 1], rel=1e-5)
    assert targets(got["boxes"])[2].sum() > 0


def test_other_intensity_and_lost_cells(rng):
    _, values = one(np.c_[rng.uniform(-50, 50, (3000, 2)), np.ones(3000), np.full(3000, 0.25)])
    sweep.other_intensity(values, 0.5, 3.0)
    assert (values[INTENSITY] == 1).all()
    sweep.lose(values, 0.3, rng)
    assert (values[LOG_COUNT] == 0).mean() == pytest.approx(0.3, abs=0.05)


def test_miscalibration_moves_images_and_nothing_else(rng):
    s = made.sample(rng)
    got = miscalibrate(s, np.array([3, 0, 0, 0, 0, 0]), np.zeros(CAMERAS, int))
    assert np.array_equal(got["images"][0, :, :, 3:], s["images"][0, :, :, :-3])
    assert all(got[k] is s[k] for k in s if k != "images")
