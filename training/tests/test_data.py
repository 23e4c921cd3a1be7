import json
import math
import shutil

import numpy as np
import pytest

from tribev import grid, made
from tribev.data import MAX_BOXES, TensorError, check_set, read_set, targets
from tribev.store import Store


def test_reads_what_was_written(folder, rng):
    store = Store(folder, cache_sets=1)
    want = made.sample(np.random.default_rng(0))
    got = store.load(0)
    assert all(np.array_equal(got[k], want[k]) for k in want)
    store.load(1)
    assert list(store._cache) == [1], "the cache of one set must have let go of set 0"
    again = store.load(1)
    assert all(np.array_equal(again[k], v) and again[k].dtype == v.dtype for k, v in read_set(store.path(1)).items())
    assert store.present(0).tolist() == [1, 1, 1]


def test_select_by_range_and_kind(folder, tmp_path):
    index = json.loads((folder / "index.json").read_text())
    index["sets"][1]["kind"] = "virtual"
    (tmp_path / "index.json").write_text(json.dumps(index))
    store = Store(tmp_path)
    assert store.select((0, 3), ("reference",)) == [0, 2]
    assert store.select((1, 99), ("reference", "virtual")) == [1, 2, 3]


def test_hash_follows_every_byte(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    before = Store(copy).sha256()
    assert before == Store(folder).sha256()
    path = copy / "set-000003.npz"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    assert Store(copy).sha256() != before


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_truncated_npz_is_refused(folder, tmp_path, share):
    data = (folder / "set-000000.npz").read_bytes()
    path = tmp_path / "cut.npz"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(TensorError, match=r"cut\.npz: truncated or damaged.*fusiond tensors"):
        read_set(path)


def test_flipped_byte_is_refused(folder, tmp_path):
    data = bytearray((folder / "set-000000.npz").read_bytes())
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / "flip.npz"
    path.write_bytes(bytes(data))
    with pytest.raises(TensorError, match=r"flip\.npz"):
        read_set(path)


def test_unpacking_is_bounded(tmp_path):
    s = made.sample(np.random.default_rng(0))
    s["boxes"] = np.zeros((MAX_BOXES + 200, grid.BOX_COLUMNS), np.float32)
    np.savez_compressed(tmp_path / "big.npz", **s)
    with pytest.raises(TensorError, match=r"array boxes: .* bytes, at most"):
        read_set(tmp_path / "big.npz")
    np.savez_compressed(tmp_path / "more.npz", **made.sample(np.random.default_rng(0)), extra=np.zeros(3))
    with pytest.raises(TensorError, match="unknown array 'extra'"):
        read_set(tmp_path / "more.npz")


def _set(key, value, at=()):
    def change(s):
        s[key] = s[key].copy()
        s[key][at] = value

    return change


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda s: s.pop("age"), "array age: missing"),
        (lambda s: s.update(images=s["images"].astype(np.int16)), "array images: type int16, want uint8"),
        (lambda s: s.update(images=s["images"][:5]), "array images: shape [5, 3, 96, 256]"),
        (_set("lidar_raster", np.nan, (0, 0, 0)), "array lidar_raster: holds NaN"),
        (_set("present", 2, 0), "array present: holds 2"),
        (_set("reliability", np.nan, 1), "array reliability: holds NaN"),
        (_set("reliability", 1.5, 1), "array reliability: [1.0, 1.5, 1.0] is not within 0 to 1"),
        (_set("present", 0, 1), "array reliability: [1.0, 1.0, 1.0] is not 0 for an absent modality"),
        (_set("lift_index", 6 * 1024, (0, 0)), "array lift_index: outside 0 to 6143"),
        (_set("lift_index", -1, (0, 0)), "array lift_index: outside"),
        (_set("lift_weight", 1.5, (0, 0)), "array lift_weight: outside 0 to 1"),
        (_set("depth", 32, (0, 0, 0)), "array depth: outside -1 to 31"),
        (lambda s: s.update(box_points=s["box_points"][1:]), "array box_points: 5 values for 6 boxes"),
        (_set("boxes", np.inf, (0, 1)), "array boxes: class, centre"),
        (_set("boxes", 10, (0, 0)), "array boxes: class outside"),
        (_set("boxes", 0.5, (0, 0)), "array boxes: class outside"),
        (_set("boxes", 0, (0, 4)), "array boxes: a size is not positive"),
    ],
)
def test_bad_arrays_are_refused(change, word):
    s = made.sample(np.random.default_rng(0))
    check_set(s, "x.npz")
    change(s)
    with pytest.raises(TensorError) as e:
        check_set(s, "x.npz")
    assert word in str(e.value)
    assert "x.npz" in str(e.value)


def test_unknown_velocity_is_fine():
    s = made.sample(np.random.default_rng(0))
    _set("boxes", np.nan, (0, 8))(s)
    check_set(s, "x.npz")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda i: i.update(schema="fusiond.tensors/1"), "schema is 'fusiond.tensors/1'"),
        (lambda i: i.pop("inputs_sha256"), "lacks inputs_sha256"),
        (lambda i: i["classes"].reverse(), "classes are"),
        (lambda i: i.update(sets=[]), "names no sets"),
        (lambda i: i["sets"][0].pop("stamp"), "sets[0]: lacks 'stamp'"),
        (lambda i: i["sets"][0].update(file="../x.npz"), "not a plain file name"),
        (lambda i: i["sets"][0].update(kind="other"), "kind 'other'"),
    ],
)
def test_bad_index_is_refused(folder, tmp_path, change, word):
    index = json.loads((folder / "index.json").read_text())
    change(index)
    (tmp_path / "index.json").write_text(json.dumps(index))
    with pytest.raises(TensorError) as e:
        Store(tmp_path)
    assert word in str(e.value)


def test_missing_folder_and_file(folder, tmp_path):
    with pytest.raises(TensorError, match="make tensors with `fusiond tensors"):
        Store(tmp_path / "none")
    shutil.copy(folder / "index.json", tmp_path)
    with pytest.raises(TensorError, match="no such file, though the index names it"):
        Store(tmp_path).load(0)


def test_targets_of_one_box():
    box = np.array([[1, 10.3, -20.1, 0.9, 8, 2.5, 3, 0.5, 4, np.nan], [0, 60, 0, 1, 4, 2, 2, 0, 0, 0]], np.float32)
    heat, reg, centre = targets(box)
    i, j = math.floor((10.3 + 51.2) / 0.8), math.floor((-20.1 + 51.2) / 0.8)
    assert centre.sum() == 1 and centre[i, j] == 1, "the box outside the grid has no centre"
    assert heat[1, i, j] == 1 and (heat[1] == 1).sum() == 1
    assert heat[[c for c in range(10) if c != 1]].max() == 0
    sigma = 0.24 * math.sqrt(8 * 2.5) / 0.8
    assert heat[1, i + 2, j] == pytest.approx(math.exp(-2 / sigma**2), rel=1e-6)
    assert (i + reg[0, i, j]) * 0.8 - 51.2 == pytest.approx(10.3, abs=1e-4)
    assert (j + reg[1, i, j]) * 0.8 - 51.2 == pytest.approx(-20.1, abs=1e-4)
    assert np.exp(reg[3:6, i, j]) == pytest.approx([8, 2.5, 3], rel=1e-5)
    assert math.atan2(reg[6, i, j], reg[7, i, j]) == pytest.approx(0.5, abs=1e-6)
    assert reg[8, i, j] == 4 and np.isnan(reg[9, i, j])
