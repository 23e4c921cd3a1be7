"""The whole network as it is trained: three encoders with auxiliary heads, the neck and the fusers."""

import torch
from torch import Tensor, nn

from .backbone import OwnBackbone, YoloxBackbone
from .config import Config
from .fuser import AttentionFuser, EarlyFuser, FuserNet, Neck, OwnHead
from .grid import CAMERA, MODALITIES
from .hybrid import HybridFuser
from .late import LateNet
from .network import SIZES, CameraEncoder, LidarEncoder, RadarEncoder


class TriBEV(nn.Module):
    """Holds every part. Which of them move is the trainer's business."""

    def __init__(self, size: str, camera_backbone: str = "own", early: str = "stack", reliability: bool = True):
        super().__init__()
        self.size = SIZES[size]
        c = self.size.channels
        backbone = (YoloxBackbone if camera_backbone == "yolox_nano" else OwnBackbone)(self.size)
        self.lidar, self.radar = LidarEncoder(self.size), RadarEncoder(self.size)
        self.camera = CameraEncoder(self.size, backbone)
        self.neck = Neck(c)
        self.attention = AttentionFuser(self.size, reliability)
        self.early = EarlyFuser(self.size, reliability, early)
        self.hybrid = HybridFuser(self.size, reliability)
        self.aux = nn.ModuleDict({m: OwnHead(self.size, m == MODALITIES[CAMERA]) for m in MODALITIES})

    @classmethod
    def of(cls, config: Config) -> "TriBEV":
        """Return the network of a configuration, with random weights."""
        return cls(config.size, config.camera_backbone, config.early, config.reliability)

    def part(self, name: str) -> list[nn.Module]:
        """Return the modules of a part: an encoder with what belongs to it alone, or a fuser."""
        modules = [getattr(self, name)]
        if name in MODALITIES:
            modules.append(self.aux[name])
        if name == "camera":
            modules.append(self.neck)
        return modules

    def pretrained(self) -> list[nn.Parameter]:
        """Return the weights that came from a network trained on photos."""
        backbone = self.camera.backbone
        return list(backbone.pretrained.parameters()) if isinstance(backbone, YoloxBackbone) else []

    def camera_tokens(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return camera tokens [B, C, 64, 64], seen [B, 1, 64, 64] and depth logits [B * 6, BINS, 12, 32].

        batch holds images [B, 6, 3, 96, 256], lift_index, lift_weight [B, 4096, 4] and cam_present [B, 6].
        """
        images = batch["images"]
        table, depth = self.camera(images.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        table = table.reshape(images.shape[0], images.shape[1], *table.shape[1:])
        tokens, seen = self.neck(table, batch["lift_index"], batch["lift_weight"], batch["cam_present"])
        return tokens, seen, depth

    def encode(self, batch: dict[str, Tensor], moving: tuple[str, ...] = ()) -> tuple[list[Tensor], Tensor, Tensor]:
        """Return the three token maps, seen and depth logits; only encoders in moving leave a way for gradients."""
        tokens = []
        for m in MODALITIES[:2]:
            with torch.set_grad_enabled(m in moving):
                tokens.append(getattr(self, m)(batch[m + "_raster"].contiguous(memory_format=torch.channels_last)))
        with torch.set_grad_enabled("camera" in moving):
            camera, seen, depth = self.camera_tokens(batch)
        return [*tokens, camera], seen, depth

    def net(self, fuser: str) -> nn.Module:
        """Return the exported form of a strategy of package.STRATEGIES; it shares this model's weights."""
        if fuser == "late":
            return LateNet(self.neck, self.aux)
        return FuserNet(self.neck, getattr(self, fuser))
