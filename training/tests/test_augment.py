import math

import numpy as np
import pytest
import torch

from tribev import grid, made
from tribev.augment import augment, drop_cameras, mirror, rotate, shift_images
from tribev.config import Augment
from tribev.data import check_set, targets
from tribev.lift import lift

OFF = Augment(**dict.fromkeys(Augment.__dataclass_fields__, 0.0))


def lifted(s, tables):
    index, weight = (torch.from_numpy(s[k].astype(t)) for k, t in (("lift_index", "i8"), ("lift_weight", "f4")))
    here = torch.from_numpy(s["cam_present"].astype(np.float32))
    tokens, _ = lift(torch.from_numpy(tables)[None], index[None], weight[None], here[None])
    return tokens[0].numpy()


def columns(tables):
    """Tables [6, 1024, c] with their columns apart: [6, 32, 32, c]."""
    return tables.reshape(grid.CAMERAS, grid.COLUMNS, grid.BINS, -1)


@pytest.fixture
def tables(rng):
    return rng.normal(size=(grid.CAMERAS, grid.TABLE_ROWS, 3)).astype(np.float32)


def turned(points, quarters):
    c, s = round(math.cos(quarters * math.pi / 2)), round(math.sin(quarters * math.pi / 2))
    out = points.copy()
    out[:, 0], out[:, 1] = c * points[:, 0] - s * points[:, 1], s * points[:, 0] + c * points[:, 1]
    return out


def test_mirror_is_the_raster_of_the_mirrored_world(rng, tables):
    boxes, points = made.scene(rng)
    s = {**made.sample(rng), "boxes": boxes, "lidar_raster": made.lidar_raster(points)}
    got = mirror(s)
    assert np.array_equal(got["lidar_raster"], made.lidar_raster(points * [1, -1, 1, 1]))
    det = np.c_[boxes[:, 1:3], rng.uniform(0, 20, len(boxes)), boxes[:, 8:10], rng.uniform(0, 0.1, len(boxes))]
    s["radar_raster"] = made.radar_raster(det)
    assert np.array_equal(mirror(s)["radar_raster"], made.radar_raster(det * [1, -1, 1, 1, -1, 1]))
    flipped = columns(tables)[:, ::-1].reshape(tables.shape).copy()
    assert np.array_equal(lifted(got, flipped), lifted(s, tables)[:, :, ::-1])
    assert np.array_equal(targets(got["boxes"])[0], targets(boxes)[0][:, :, ::-1])
    check_set({**mirror(made.sample(rng))}, "mirrored")


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_rotation_is_the_raster_of_the_turned_world(rng, tables, quarters):
    boxes, points = made.scene(rng)
    det = np.c_[boxes[:, 1:3], rng.uniform(0, 20, len(boxes)), boxes[:, 8:10], rng.uniform(0, 0.1, len(boxes))]
    s = {**made.sample(rng), "boxes": boxes}
    s["lidar_raster"], s["radar_raster"] = made.lidar_raster(points), made.radar_raster(det)
    got = rotate(s, quarters)
    assert np.array_equal(got["lidar_raster"], made.lidar_raster(turned(points, quarters)))
    det = turned(det, quarters)
    det[:, 3:5] = turned(det[:, 3:5], quarters)
    assert np.allclose(got["radar_raster"], made.radar_raster(det), atol=1e-6)
    assert np.array_equal(lifted(got, tables), np.rot90(lifted(s, tables), quarters, (1, 2)))
    heat, reg, centre = targets(got["boxes"])
    assert np.array_equal(heat, np.rot90(targets(boxes)[0], quarters, (1, 2)))
    i, j = np.argwhere(centre)[0]
    b = min(got["boxes"], key=lambda b: np.hypot((b[1] + 51.2) / 0.8 - i - 0.5, (b[2] + 51.2) / 0.8 - j - 0.5))
    assert reg[8:, i, j] == pytest.approx(b[8:10])


def test_four_quarters_are_none(rng):
    s = made.sample(rng)
    got = rotate(rotate(s, 1), 3)
    for k in ("lidar_raster", "radar_raster", "lift_index", "lift_weight"):
        assert np.array_equal(got[k], s[k]), k
    assert np.allclose(got["boxes"], s["boxes"], atol=1e-6)
    for k, v in mirror(mirror(s)).items():
        assert np.array_equal(v, s[k]), k


def test_shift_moves_image_depth_and_table_together(rng, tables):
    s = made.sample(rng)
    right = np.array([5, -4, 0, 1, -2, 0])
    got = shift_images(s, right)
    check_set(got, "shifted")
    assert np.array_equal(got["images"][0, :, :, 40:], s["images"][0, :, :, :-40])
    assert (got["images"][0, :, :, :40] == 120).all()
    assert np.array_equal(got["images"][1, :, :, :-32], s["images"][1, :, :, 32:])
    assert np.array_equal(got["depth"][1, :, :-4], s["depth"][1, :, 4:]) and (got["depth"][1, :, -4:] == -1).all()
    moved = np.zeros_like(columns(tables))
    for k, r in enumerate(right):
        moved[k] = np.roll(columns(tables)[k], r, 0)
    after, before = lifted(got, moved.reshape(tables.shape)), lifted(s, tables)
    kept = (got["lift_weight"] == s["lift_weight"]).all(1).reshape(grid.TOKEN_CELLS, grid.TOKEN_CELLS)
    assert 0.7 < kept.mean() < 1, "some taps, and only some, leave the image"
    assert np.array_equal(after[:, kept], before[:, kept])


def test_dropped_cameras_are_empty_and_absent(rng):
    s = drop_cameras(made.sample(rng), np.array([1, 4]))
    assert s["cam_present"].tolist() == [1, 0, 1, 1, 0, 1]
    assert s["images"][[1, 4]].max() == 0 and (s["depth"][[1, 4]] == -1).all()


def test_augmentation_keeps_samples_valid_and_inputs_unchanged(rng):
    s = made.sample(rng)
    before = {k: v.copy() for k, v in s.items()}
    seen = set()
    for seed in range(12):
        got = augment(s, Augment(), np.random.default_rng(seed))
        check_set(got, "augmented")
        seen.add(got["images"].tobytes() + got["boxes"].tobytes())
        again = augment(s, Augment(), np.random.default_rng(seed))
        assert all(np.array_equal(got[k], again[k], equal_nan=True) for k in got)
    assert len(seen) == 12
    assert all(np.array_equal(s[k], before[k]) for k in s)
    assert all(v is s[k] for k, v in augment(s, OFF, rng).items())
