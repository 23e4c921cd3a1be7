"""Encoders: a lidar raster, a radar raster or a camera image to tokens, plus the blocks the fusers share."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .grid import BINS, LIDAR_CHANNELS, RADAR_CHANNELS


@dataclass(frozen=True)
class Size:
    """Channel counts of a network size. Multiples of 16 keep the CPU runtime in its fast layout."""

    channels: int  # of the tokens
    camera: tuple[int, int, int, int]  # at strides 2, 4, 8, 16
    camera_blocks: tuple[int, int, int]
    lidar: tuple[int, int, int]  # at 128, 64 and 32 cells a side
    lidar_blocks: tuple[int, int, int]
    radar: tuple[int, int]  # at 64 and 32 cells a side
    trunk: tuple[int, int]  # at 64 and 32 cells a side
    trunk_blocks: tuple[int, int]
    head: int
    key: int = 32  # attention key width
    heads: int = 4


SIZES = {
    "tiny": Size(16, (8, 16, 16, 32), (1, 1, 1), (8, 16, 32), (1, 1, 1), (8, 16), (16, 32), (1, 1), 16, 16),
    "xs": Size(32, (16, 32, 48, 64), (1, 1, 1), (16, 32, 64), (1, 1, 1), (16, 32), (32, 64), (1, 1), 48),
    "s": Size(48, (16, 32, 48, 96), (1, 1, 1), (32, 48, 96), (1, 1, 1), (32, 32), (48, 96), (1, 1), 64),
    "m": Size(64, (16, 32, 64, 96), (1, 1, 2), (32, 64, 96), (1, 1, 2), (32, 48), (64, 96), (1, 1), 64),
    "l": Size(96, (16, 32, 64, 128), (1, 2, 2), (32, 64, 128), (1, 2, 2), (32, 64), (96, 128), (1, 1), 96),
}


def conv(i: int, o: int, kernel: int = 3, stride: int = 1, groups: int = 1, relu: bool = True) -> nn.Sequential:
    """Return convolution, batch norm and (unless relu is false) ReLU. The norm folds into the weights at export."""
    layers = [
        nn.Conv2d(i, o, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(o, momentum=0.05),
    ]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if relu else nn.Sequential(*layers)


class Residual(nn.Module):
    """x + two convolutions: dense 3x3 ones, or (wide) a depthwise 5x5 and a pointwise one for the largest maps."""

    def __init__(self, c: int, wide: bool = False):
        super().__init__()
        self.first = conv(c, c, 5, groups=c) if wide else conv(c, c)
        self.second = conv(c, c, 1 if wide else 3, relu=False)

    def forward(self, x: Tensor) -> Tensor:  # [B, c, H, W] -> the same
        """Apply the block."""
        return F.relu(x + self.second(self.first(x)))


def residuals(n: int, c: int, wide: bool = False) -> nn.Sequential:
    """Return n residual blocks in a row."""
    return nn.Sequential(*(Residual(c, wide) for _ in range(n)))


class TwoScales(nn.Module):
    """Blocks at full size and at half size, added: context for the price of a quarter of the cells."""

    def __init__(self, fine: int, coarse: int, n_fine: int, n_coarse: int):
        super().__init__()
        self.fine = residuals(n_fine, fine)
        self.coarse = nn.Sequential(conv(fine, coarse, stride=2), residuals(n_coarse, coarse))
        self.back = nn.Sequential(conv(coarse, fine, 1, relu=False), nn.Upsample(scale_factor=2, mode="nearest"))

    def forward(self, x: Tensor) -> Tensor:  # [B, fine, H, W] -> the same
        """Apply both scales."""
        x = self.fine(x)
        return F.relu(x + self.back(self.coarse(x)))


class LidarEncoder(nn.Module):
    """Lidar raster to tokens."""

    def __init__(self, size: Size):
        super().__init__()
        a, b, c = size.lidar
        blocks = size.lidar_blocks
        self.stem = nn.Sequential(conv(LIDAR_CHANNELS, a, stride=2), residuals(blocks[0], a, wide=True))
        self.body = nn.Sequential(conv(a, b, stride=2), TwoScales(b, c, blocks[1], blocks[2]))
        self.out = nn.Conv2d(b, size.channels, 1)

    def forward(self, raster: Tensor) -> Tensor:  # [B, 11, 256, 256] -> [B, C, 64, 64]
        """Encode rasters as the Go encoder makes them."""
        return self.out(self.body(self.stem(raster)))


class RadarEncoder(nn.Module):
    """Radar raster to tokens.

    Two channels of zeros go in beside the raster's six: over exactly six channels ONNX Runtime 1.30.0 computes a 3x3
    convolution wrongly on WebGPU.
    """

    ZEROS = 2

    def __init__(self, size: Size):
        super().__init__()
        a, b = size.radar
        self.fine = nn.Sequential(conv(RADAR_CHANNELS + self.ZEROS, a, stride=2), Residual(a))
        self.coarse = nn.Sequential(conv(a, b, stride=2), Residual(b))
        self.skip = nn.Conv2d(a, size.channels, 1)
        self.back = nn.Sequential(nn.Conv2d(b, size.channels, 1), nn.Upsample(scale_factor=2, mode="nearest"))

    def forward(self, raster: Tensor) -> Tensor:  # [B, 6, 128, 128] -> [B, C, 64, 64]
        """Encode rasters as the Go encoder makes them."""
        f = self.fine(torch.cat([raster, torch.zeros_like(raster[:, : self.ZEROS])], 1))
        return self.skip(f) + self.back(self.coarse(f))


class CameraEncoder(nn.Module):
    """Camera image to a polar table, and depth logits for its training.

    Row column * BINS + bin of the table is the sum over image rows v of feature[v, column] * P(bin | v, column): the
    lift-splat sum, exact for a level camera, whose image columns each are one azimuth. No calibration enters here;
    tribev.lift places the table in the grid.
    """

    def __init__(self, size: Size, backbone: nn.Module):
        super().__init__()
        c = size.camera[2]
        self.backbone, self.mix = backbone, conv(c, c)
        self.feature, self.depth = nn.Conv2d(c, size.channels, 1), nn.Conv2d(c, BINS, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Map images [B, 3, 96, 256] RGB 0..255 to tables [B, 1024, C] and depth logits [B, BINS, 12, 32]."""
        f = self.mix(self.backbone(image))
        depth = self.depth(f)  # [B, BINS, v, u]
        p = torch.softmax(depth.permute(0, 3, 1, 2), dim=2)  # [B, u, BINS, v]
        table = torch.matmul(p, self.feature(f).permute(0, 3, 2, 1))  # x [B, u, v, C] -> [B, u, BINS, C]
        return table.flatten(1, 2), depth
