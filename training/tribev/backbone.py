"""Camera backbones: one of our own, and YOLOX-Nano's, whose weights were trained on photos."""

from pathlib import Path

import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import Tensor, nn

from .checkpoint import TrainError
from .network import Size, conv, residuals

YOLOX_FILE = "yolox_nano.onnx"


class OwnBackbone(nn.Module):
    """Four strides, trained from random weights."""

    def __init__(self, size: Size):
        super().__init__()
        a, b, c, d = size.camera
        n = size.camera_blocks
        self.stem = nn.Sequential(conv(3, a, stride=2), conv(a, b, stride=2), residuals(n[0], b))
        self.stride8 = nn.Sequential(conv(b, c, stride=2), residuals(n[1], c))
        self.stride16 = nn.Sequential(conv(c, d, stride=2), residuals(n[2], d))
        self.back = nn.Sequential(conv(d, c, 1, relu=False), nn.Upsample(scale_factor=2, mode="nearest"))

    def forward(self, image: Tensor) -> Tensor:  # [B, 3, 96, 256] RGB 0..255 -> [B, c, 12, 32]
        """Return features at stride 8."""
        f = self.stride8(self.stem((image - 120.0) * (1.0 / 60.0)))
        return F.relu(f + self.back(self.stride16(f)))


def _silu(i: int, o: int, kernel: int = 1, stride: int = 1, groups: int = 1, pad: int | None = None) -> nn.Sequential:
    pad = kernel // 2 if pad is None else pad
    return nn.Sequential(nn.Conv2d(i, o, kernel, stride, pad, groups=groups), nn.SiLU(inplace=True))


def _apart(i: int, o: int, stride: int = 1) -> nn.Sequential:
    """Return a depthwise and a pointwise convolution."""
    return nn.Sequential(_silu(i, i, 3, stride, i), _silu(i, o))


class _Bottleneck(nn.Module):
    def __init__(self, c: int, add: bool):
        super().__init__()
        self.first, self.second, self.add = _silu(c, c), _apart(c, c), add

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(self.first(x))
        return x + y if self.add else y


class _Split(nn.Module):
    """Half of the channels through bottlenecks, half around them (Wang et al. 2020, CSPNet)."""

    def __init__(self, c: int, n: int, add: bool = True):
        super().__init__()
        self.inner, self.around = _silu(c, c // 2), _silu(c, c // 2)
        self.blocks = nn.Sequential(*(_Bottleneck(c // 2, add) for _ in range(n)))
        self.join = _silu(c, c)

    def forward(self, x: Tensor) -> Tensor:
        return self.join(torch.cat([self.blocks(self.inner(x)), self.around(x)], 1))


class _Pyramid(nn.Module):
    """The map beside its maxima over 5, 9 and 13 cells."""

    def __init__(self, c: int):
        super().__init__()
        self.enter, self.leave = _silu(c, c // 2), _silu(2 * c, c)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        return self.leave(torch.cat([x, *(F.max_pool2d(x, k, 1, k // 2) for k in (5, 9, 13))], 1))


class YoloxNano(nn.Module):
    """The backbone of YOLOX-Nano (Ge et al. 2021; CSPDarknet, depthwise), norms folded into its convolutions.

    Its first layer, a 3x3 convolution over four interleaved pictures, is written as the 6x6 one that it is.
    """

    CHANNELS = (64, 128, 256)  # at strides 8, 16, 32

    def __init__(self):
        super().__init__()
        self.stem = _silu(3, 16, 6, 2, pad=2)
        self.stride4 = nn.Sequential(_apart(16, 32, 2), _Split(32, 1))
        self.stride8 = nn.Sequential(_apart(32, 64, 2), _Split(64, 3))
        self.stride16 = nn.Sequential(_apart(64, 128, 2), _Split(128, 3))
        self.stride32 = nn.Sequential(_apart(128, 256, 2), _Pyramid(256), _Split(256, 1, add=False))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # [B, 3, H, W] RGB 0..255
        """Return features at strides 8, 16 and 32."""
        a = self.stride8(self.stride4(self.stem(image)))
        b = self.stride16(a)
        return a, b, self.stride32(b)


class YoloxBackbone(nn.Module):
    """YOLOX-Nano's backbone and what brings its three scales together."""

    def __init__(self, size: Size):
        super().__init__()
        c = size.camera[2]
        a, b, d = YoloxNano.CHANNELS
        self.pretrained = YoloxNano()
        self.fine, self.middle, self.coarse = conv(a, c, 1, relu=False), conv(b, c, 1, relu=False), conv(d, c, 1)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, image: Tensor) -> Tensor:  # [B, 3, 96, 256] RGB 0..255 -> [B, c, 12, 32]
        """Return features at stride 8."""
        with torch.autocast("cpu", enabled=False):  # bfloat16 makes its depthwise convolutions slower, not faster
            a, b, d = self.pretrained(image.float())
        m = F.relu(self.middle(b) + self.up(self.coarse(d)))
        return F.relu(self.fine(a) + self.up(m))


@torch.no_grad()
def load_yolox(backbone: YoloxNano, folder) -> None:
    """Give a backbone the weights in yolox_nano.onnx of a folder; refuses a file whose layers are others.

    The file's picture is BGR; its first layer's channels are turned, so that the backbone's is RGB.
    """
    path = Path(folder) / YOLOX_FILE
    try:
        graph = onnx.load(str(path)).graph
    except FileNotFoundError as e:
        raise TrainError(f"read {path}: no such file: give the folder that holds it with --weights") from e
    except Exception as e:
        raise TrainError(f"read {path}: damaged ({e}): fetch it again") from e
    values = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    found = [n for n in graph.node if n.op_type == "Conv"]
    layers = [m for m in backbone.modules() if isinstance(m, nn.Conv2d)]
    if len(found) < len(layers):
        raise TrainError(f"read {path}: {len(found)} convolutions, want at least {len(layers)}: not YOLOX-Nano")
    for k, (layer, node) in enumerate(zip(layers, found, strict=False)):
        weight, bias = (torch.from_numpy(values[n].copy()) for n in node.input[1:3])
        if k == 0:
            weight = _unfold(weight)
        if weight.shape != layer.weight.shape or bias.shape != layer.bias.shape:
            raise TrainError(f"read {path}: convolution {k} is {list(weight.shape)}, want "
                             f"{list(layer.weight.shape)}: not YOLOX-Nano")  # fmt: skip
        if not (torch.isfinite(weight).all() and torch.isfinite(bias).all()):
            raise TrainError(f"read {path}: convolution {k} holds NaN or infinity: fetch the file again")
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)


def _unfold(weight: Tensor) -> Tensor:
    """Turn weights [16, 12, 3, 3] over the pictures of even and odd rows and columns, BGR, into [16, 3, 6, 6], RGB.

    Channel 3 q + c of the input is colour c of the picture that starts at row q % 2 and column q // 2.
    """
    if weight.shape[1:] != (12, 3, 3):
        return weight
    out = weight.new_zeros(len(weight), 3, 6, 6)
    for q in range(4):
        out[:, :, q % 2 :: 2, q // 2 :: 2] = weight[:, 3 * q : 3 * q + 3].flip(1)
    return out
