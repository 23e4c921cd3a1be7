import json
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))
import train
from tribev import compact, export, package


@pytest.fixture(scope="module")
def random_package(tmp_path_factory):
    out = tmp_path_factory.mktemp("package")
    assert train.main(["export", "--random", "--size", "tiny", "--out", str(out)]) == 0
    return out


def test_random_package_is_small_and_whole(random_package):
    names = {p.name for p in random_package.iterdir()}
    assert names == {*package.FILES.values(), "golden.npz", "manifest.yaml"}
    for f in package.FILES.values():
        assert (random_package / f).stat().st_size < 300_000
    m = yaml.safe_load((random_package / "manifest.yaml").read_text())
    assert m["schema"] == "fusiond.model/1" and m["grid"]["channels"] == 16
    assert m["files"] == {n: package.sha256(random_package / n) for n in names - {"manifest.yaml"}}
    assert not any(e["trained"] for e in m["encoders"].values())
    assert "&" not in (random_package / "manifest.yaml").read_text().replace("&amp;", ""), "no anchors"


def test_graphs_say_what_the_manifest_says(random_package):
    m = yaml.safe_load((random_package / "manifest.yaml").read_text())
    want = {e["file"]: ([e["input"]], [e["output"]]) for e in m["encoders"].values()}
    want |= {f["file"]: (f["inputs"], f["outputs"]) for f in m["fusers"].values()}
    for name, (inputs, outputs) in want.items():
        graph = onnx.load(str(random_package / name))
        onnx.checker.check_model(graph, full_check=True)
        assert [(o.domain, o.version) for o in graph.opset_import] == [("", 17)]
        for got, told in ((graph.graph.input, inputs), (graph.graph.output, outputs)):
            shapes = [(v.name, [d.dim_value for d in v.type.tensor_type.shape.dim]) for v in got]
            assert shapes == [(t["name"], t["shape"]) for t in told]
            kinds = {v.name: v.type.tensor_type.elem_type for v in got}
            assert kinds.pop("index", onnx.TensorProto.INT64) == onnx.TensorProto.INT64
            assert set(kinds.values()) == {onnx.TensorProto.FLOAT}
        meta = {p.key: p.value for p in graph.metadata_props}
        assert json.loads(meta["fusiond.contract"])["modalities"] == ["lidar", "radar", "camera"]


def test_large_weights_are_halves(random_package):
    for name in package.FILES.values():
        weights = onnx.load(str(random_package / name)).graph.initializer
        wide = [w.name for w in weights if w.data_type == onnx.TensorProto.FLOAT and np.prod(w.dims) >= compact.LEAST]
        assert not wide, f"{name}: {wide} are float32"


def test_compact_is_the_same_network(store, model):
    nets = export.networks(model)
    inputs = export.golden_inputs(nets, store.load(0))
    for key, net in nets.items():
        small = compact.compact(net)
        assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in small.modules()), key
        for name, value in export.run(small, inputs[key], key).items():
            want = export.run(net, inputs[key], key)[name]
            assert np.abs(value - want).max() < 0.01 * max(1, np.abs(want).max()), (key, name)


def test_golden_has_every_case(random_package):
    z = np.load(random_package / "golden.npz")
    want = {"lidar.in.raster", "lidar.out.tokens", "radar.in.raster", "radar.out.tokens"}
    want |= {"camera.in.image", "camera.out.table"}
    outputs = ("heat", "reg", "mass", "attention")
    want |= {f"fuser.in.{t['name']}" for t in package.fuser_tensors(export.TriBEV("tiny").size, "early")[0]}
    for f in package.STRATEGIES:
        want |= {f"fuser-{f}.subset{k}.out.{o}" for k in range(1, 8) for o in outputs}
    assert set(z.files) == want
    for f in package.STRATEGIES:
        masses = [z[f"fuser-{f}.subset{k}.out.mass"][0] > 0 for k in range(1, 8)]
        assert [int(m @ [1, 2, 4]) for m in masses] == list(range(1, 8))


def test_golden_is_what_torch_says(random_package):
    torch.manual_seed(0)
    model = export.TriBEV("tiny")
    export.randomise(model, 0)
    nets = {k: export.compact(n) for k, n in export.networks(model).items()}
    z = np.load(random_package / "golden.npz")
    for key, net in nets.items():
        stem = Path(package.FILES[key]).stem
        fuser = key in package.STRATEGIES
        start, end = ("fuser", f"{stem}.subset7") if fuser else (stem, stem)
        inputs = {k.split(".")[-1]: torch.from_numpy(z[k]) for k in z.files if k.startswith(f"{start}.in.")}
        got = export.run(net, inputs, key)
        for name, value in (export.thinned(got) if fuser else got).items():
            assert np.abs(value - z[f"{end}.out.{name}"]).max() < export.OUTPUT_STEP, (key, name)


def test_export_is_reproducible(random_package, tmp_path):
    assert train.main(["export", "--random", "--size", "tiny", "--out", str(tmp_path)]) == 0
    for p in random_package.iterdir():
        assert p.read_bytes() == (tmp_path / p.name).read_bytes(), p.name


def test_runtime_agrees_for_every_subset_and_junk(random_package, store, model):
    ort = pytest.importorskip("onnxruntime", reason="the onnxruntime Python package is not installed")
    for f in package.STRATEGIES:
        session = ort.InferenceSession(str(random_package / package.FILES[f]), providers=["CPUExecutionProvider"])
        z = np.load(random_package / "golden.npz")
        base = {k.split(".")[-1]: torch.from_numpy(z[k]) for k in z.files if k.startswith("fuser.in.")}
        for k in range(8):
            x = export.subset(base, k)
            want = session.run(None, {n: v.numpy() for n, v in x.items()})
            for junk in (1e6, float("nan"), float("inf")):
                got = session.run(None, {n: v.numpy() for n, v in export.spoil(x, junk).items()})
                assert all(np.array_equal(a, b) for a, b in zip(got, want, strict=True)), (f, k, junk)


def test_wrong_export_is_refused(store, model, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime", reason="the onnxruntime Python package is not installed")
    right = export.run
    monkeypatch.setattr(export, "run", lambda *a: {k: v + 0.01 for k, v in right(*a).items()})
    with pytest.raises(export.ExportError, match="differs from torch"):
        export.export(model, store.load(0), tmp_path)


def test_command_line(folder, tmp_path, capsys):
    run, out = str(tmp_path / "run"), str(tmp_path / "package")
    assert train.main(["train", "--config", "tiny", "--tensors", str(folder), "--seed", "3", "--out", run]) == 0
    assert train.main(["train", "--config", "tiny", "--tensors", str(folder), "--out", run]) == 1
    assert "already holds" in capsys.readouterr().err
    code = train.main(["export", "--checkpoint", f"{run}/checkpoint.pt", "--tensors", str(folder), "--out", out])
    assert code == 0
    m = yaml.safe_load((Path(out) / "manifest.yaml").read_text())
    assert m["training"]["seed"] == 3 and m["training"]["steps"] == 26 and m["name"] == "tribev-tiny"
    assert all(m["encoders"][e]["trained"] for e in ("lidar", "radar", "camera"))
    assert train.main(["export", "--checkpoint", f"{run}/none.pt", "--out", out]) == 1
    assert train.main(["train", "--config", "none.json", "--tensors", str(folder), "--out", run]) == 1
    with pytest.raises(SystemExit) as e:
        train.main(["export", "--out", out])
    assert e.value.code == 2
