import json
import shutil

import pytest

from tribev import made
from tribev.data import TensorError
from tribev.store import Store, sources


@pytest.mark.parametrize(
    ("spec", "first", "sets", "weight"),
    [("{}", 0, 4, 1), ("{}*3", 0, 4, 3), ("{}[1:3]", 1, 2, 1), ("{}[2:]*0.5", 2, 2, 0.5), ("{}[:1]", 0, 1, 1)],
)
def test_a_folder_with_range_and_weight(folder, spec, first, sets, weight):
    (got,) = sources(spec.format(folder))
    assert (got.first, len(got.sets), got.weight) == (first, sets, weight)
    assert Store(spec.format(folder)).load(0)["boxes"].tolist() == Store(folder).load(first)["boxes"].tolist()


@pytest.mark.parametrize(
    ("spec", "word"), [("{}[4:]", "holds none of the folder's 4 sets"), ("{}*0", "is not above 0")]
)
def test_useless_ranges_are_refused(folder, spec, word):
    with pytest.raises(TensorError, match=word):
        Store(spec.format(folder))


def test_folders_stand_in_a_row(folder, tmp_path):
    made.write(tmp_path / "all" / "b", sets=2, seed=5)
    made.write(tmp_path / "all" / "c", sets=1, seed=6)
    store = Store([f"{folder}[0:3]*2", tmp_path / "all"])
    assert len(store.sets) == 6 and [len(s.sets) for s in store.sources] == [3, 2, 1]
    assert store.path(3) == tmp_path / "all" / "b" / "set-000000.npz"
    assert store.groups([0, 2, 3, 5]) == [((0, 2), 2.0), ((3,), 1.0), ((5,), 1.0)]
    hashes = {Store(s).sha256() for s in (folder, f"{folder}*2", f"{folder}[0:3]", [folder, folder])}
    assert len(hashes) == 4, "weight, range and order are part of what a run resumes on"


def test_inputs_of_other_encoders_are_refused(folder, tmp_path):
    other = shutil.copytree(folder, tmp_path / "other")
    index = json.loads((other / "index.json").read_text())
    index["inputs_sha256"] = "f" * 64
    (other / "index.json").write_text(json.dumps(index))
    with pytest.raises(TensorError, match=r"made by encoders ffffffffffff, .* by 000000000000.*fusiond tensors"):
        Store([folder, other])
