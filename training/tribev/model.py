"""The whole network as it is trained: three encoders with auxiliary heads, the neck and both fusers."""

import torch
from torch import Tensor, nn

from .fuser import AttentionFuser, EarlyFuser, FuserNet, Neck, output_layer
from .grid import MODALITIES
from .network import SIZES, CameraEncoder, LidarEncoder, RadarEncoder


class TriBEV(nn.Module):
    """Holds every part. Which of them move is the trainer's business."""

    def __init__(self, size: str):
        super().__init__()
        self.size = SIZES[size]
        c = self.size.channels
        self.lidar, self.radar, self.camera = LidarEncoder(self.size), RadarEncoder(self.size), CameraEncoder(self.size)
        self.neck = Neck(c)
        self.attention, self.early = AttentionFuser(self.size), EarlyFuser(self.size)
        self.aux = nn.ModuleDict({m: output_layer(c) for m in MODALITIES})  # used in training only

    def part(self, name: str) -> list[nn.Module]:
        """Return the modules of a part: an encoder with what belongs to it alone, or a fuser."""
        modules = [getattr(self, name)]
        if name in MODALITIES:
            modules.append(self.aux[name])
        if name == "camera":
            modules.append(self.neck)
        return modules

    def camera_tokens(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return camera tokens [B, C, 64, 64], seen [B, 1, 64, 64] and depth logits [B * 6, BINS, 12, 32].

        batch holds images [B, 6, 3, 96, 256], lift_index, lift_weight [B, 4096, 4] and cam_present [B, 6].
        """
        images = batch["images"]
        table, depth = self.camera(images.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        table = table.reshape(images.shape[0], images.shape[1], *table.shape[1:])
        tokens, seen = self.neck(table, batch["lift_index"], batch["lift_weight"], batch["cam_present"])
        return tokens, seen, depth

    def net(self, fuser: str) -> FuserNet:
        """Return the exported form of the fuser called "attention" or "early"; it shares this model's weights."""
        return FuserNet(self.neck, getattr(self, fuser))
