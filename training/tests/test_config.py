import json

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
