import os
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from tribev.backbone import YoloxNano, _unfold, load_yolox
from tribev.checkpoint import TrainError
from tribev.export import networks
from tribev.model import TriBEV


def test_first_layer_is_the_interleaved_one(rng):
    folded = torch.from_numpy(rng.normal(size=(16, 12, 3, 3)).astype(np.float32))
    bgr = torch.from_numpy(rng.random((1, 3, 32, 48), np.float32))
    parts = [bgr[:, :, y::2, x::2] for x in (0, 1) for y in (0, 1)]  # even/odd rows change first
    want = torch.nn.functional.conv2d(torch.cat(parts, 1), folded, padding=1)
    got = torch.nn.functional.conv2d(bgr.flip(1), _unfold(folded), stride=2, padding=2)
    assert torch.allclose(got, want, atol=1e-4)


def written(backbone, path, change=None):
    """Write a backbone's convolutions as a file of the detector would hold them."""
    nodes, values = [], []
    for n, m in enumerate(x for x in backbone.modules() if isinstance(x, torch.nn.Conv2d)):
        w = m.weight.detach().numpy()
        if n == 0:
            w = np.concatenate([w[:, ::-1, q % 2 :: 2, q // 2 :: 2] for q in range(4)], 1)
        if n == 3 and change is not None:
            w = change(w.copy())
        values += [
            numpy_helper.from_array(w.copy(), f"w{n}"),
            numpy_helper.from_array(m.bias.detach().numpy(), f"b{n}"),
        ]
        nodes.append(helper.make_node("Conv", [f"x{n}", f"w{n}", f"b{n}"], [f"x{n + 1}"]))
    io = [helper.make_tensor_value_info(k, TensorProto.FLOAT, None) for k in ("x0", f"x{len(nodes)}")]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", io[:1], io[1:], values)), str(path))


def test_weights_go_where_they_belong(tmp_path):
    torch.manual_seed(0)
    one, two = YoloxNano(), YoloxNano()
    written(one, tmp_path / "yolox_nano.onnx")
    load_yolox(two, tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))


def _nan(w):
    w[0, 0] = np.nan
    return w


@pytest.mark.parametrize(
    ("change", "word"), [(lambda w: w[:, :-1], "not YOLOX-Nano"), (_nan, "convolution 3 holds NaN or infinity")]
)
def test_other_files_are_refused(tmp_path, change, word):
    written(YoloxNano(), tmp_path / "yolox_nano.onnx", change)
    with pytest.raises(TrainError, match=word):
        load_yolox(YoloxNano(), tmp_path)


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(TrainError, match="--weights"):
        load_yolox(YoloxNano(), tmp_path)
    (tmp_path / "yolox_nano.onnx").write_bytes(b"no onnx")
    with pytest.raises(TrainError, match="damaged"):
        load_yolox(YoloxNano(), tmp_path)


def test_camera_with_the_backbone_has_the_same_outputs():
    net = networks(TriBEV("tiny", "yolox_nano"))["camera"]
    with torch.no_grad():
        assert net(torch.rand(1, 3, 96, 256) * 255).shape == (1, 1024, 16)


def test_features_are_the_detectors():
    ort = pytest.importorskip("onnxruntime", reason="the onnxruntime Python package is not installed")
    folder = Path(os.environ.get("FUSIOND_SHARED", "none")) / "weights"
    if not (folder / "yolox_nano.onnx").exists():
        pytest.skip("FUSIOND_SHARED names no folder with weights/yolox_nano.onnx")
    graph = onnx.load(str(folder / "yolox_nano.onnx"))
    names = ("781", "841", "886")  # ends of the stages at strides 8, 16 and 32
    graph.graph.output.extend(helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in names)
    bgr = np.random.default_rng(0).uniform(0, 255, (1, 3, 416, 416)).astype(np.float32)
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    net = YoloxNano()
    load_yolox(net, folder)
    with torch.no_grad():
        got = net(torch.from_numpy(bgr[:, ::-1].copy()))
    for g, w in zip(got, session.run(list(names), {"images": bgr}), strict=True):
        assert g.numpy() == pytest.approx(w, abs=1e-4)
