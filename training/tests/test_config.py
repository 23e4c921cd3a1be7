import json
from pathlib import Path

import pytest

from tribev import config


def test_json_round_trip(tmp_path):
    for c in (config.Config(), config.tiny()):
        path = tmp_path / "c.json"
        path.write_text(c.to_json())
        got = config.load(str(path))
        assert got == c
        assert got.sha256() == c.sha256()


def test_left_out_keys_have_defaults():
    got = config.from_dict({"seed": 5, "data": {"train_sets": [1, 2]}})
    assert got.seed == 5
    assert got.data.train_sets == (1, 2)
    assert got.stages == config.Config().stages


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ({"sead": 1}, "unknown key 'sead'"),
        ({"loss": {"auxx": 1}}, "config: loss: unknown key 'auxx'"),
        ({"seed": "1"}, "seed: expected int, found '1'"),
        ({"seed": True}, "seed: expected int, found True"),
        ({"size": "xxl"}, "'xxl' is none of"),
        ({"augment": {"mirror": 1.5}}, "augment: mirror: 1.5 is outside 0.0 to 1.0"),
        ({"data": {"train_sets": [5, 2]}}, "[5, 2] is not [from, to]"),
        ({"stages": [{"name": "a", "train": ["wheel"]}]}, "'wheel' is none of"),
        ({"stages": [{"name": "a", "train": ["lidar"]}]}, "the fuser 'attention' is not in"),
        ({"stages": [{"name": "a", "objective": "lidar"}]}, "trains ['lidar'] and nothing else"),
        ({"stages": [{"name": "a"}, {"name": "a"}]}, "two have the same name"),
        ([], "expected an object"),
    ],
)
def test_refused(data, word):
    with pytest.raises(config.ConfigError) as e:
        config.from_dict(data)
    assert word in str(e.value)


def test_unreadable_file(tmp_path):
    with pytest.raises(config.ConfigError, match="give a JSON file"):
        config.load(str(tmp_path / "none.json"))
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    with pytest.raises(config.ConfigError, match="not JSON"):
        config.load(str(bad))
    assert json.loads(config.Config().to_json())["seed"] == 1


def test_override_by_path_stage_and_pace():
    got = config.override(
        config.Config(),
        ["loss.align=0", "camera_backbone=yolox_nano", "stages.fusion.lr=0.001", "stages=lidar,fusion"],
        pace=0.5,
    )
    assert got.loss.align == 0 and got.camera_backbone == "yolox_nano"
    assert [(s.name, s.steps) for s in got.stages] == [("lidar", 350), ("fusion", 250)]
    assert got.stages[1].lr == 0.001


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ("loss.aline=0", "no such key"),
        ("stages.fuse.steps=3", "no such key"),
        ("seed", "not key=value"),
        ("stages=lidar,wheel", "no stage 'wheel'"),
        ("doubt.subset=2", "subset: 2.0 is outside 0.0 to 1.0"),
    ],
)
def test_bad_overrides_are_refused(setting, word):
    with pytest.raises(config.ConfigError, match=word):
        config.override(config.Config(), [setting])


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[1] / "configs").glob("*.json")), ids=lambda p: p.stem)
def test_shipped_configurations_are_valid(path):
    assert config.load(str(path)).name == path.stem
