"""The late strategy: each modality decides alone; `fusiond` joins the decisions."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .fuser import AGE_RATE, LEAST_RELIABILITY, Neck, masks
from .grid import MODALITIES


class LateNet(nn.Module):
    """Neck and the auxiliary heads of the encoders as one network. It has no weights of its own."""

    def __init__(self, neck: Neck, heads: nn.ModuleDict):
        super().__init__()
        self.neck = neck
        self.heads = nn.ModuleList(heads[m] for m in MODALITIES)

    def decide(self, tokens: list[Tensor], seen, present, reliability, age):
        """Let each modality decide: as forward, from camera tokens and where they count, seen [B, 1, 64, 64].

        -> heat, reg [B, 3, 10, 128, 128], mass [B, 3], attention [B, 3, 64, 64].
        """
        on = (present > 0.5) & (reliability > 0)
        none = tokens[0].new_zeros(())
        mask = masks(on, seen)
        heat, reg = [], []
        for head, t, k in zip(self.heads, tokens, mask, strict=True):
            h, r = head(torch.where(k > 0, t, none))
            fine = F.interpolate(k, scale_factor=2.0, mode="nearest") > 0
            heat.append(torch.where(fine, h, none))
            reg.append(torch.where(fine, r, none))
        trust = torch.log(reliability.clamp(LEAST_RELIABILITY, 1.0)) - AGE_RATE * age.clamp(min=0.0)
        trust = torch.where(on, trust, none)
        live = torch.cat(mask, 1) * torch.exp(trust)[:, :, None, None]
        attention = live / live.sum(1, keepdim=True).clamp(min=1e-6)
        return torch.stack(heat, 1), torch.stack(reg, 1), attention.mean((2, 3)), attention

    def forward(self, lidar, radar, table, index, weight, cam_present, present, reliability, age):
        """Decide on one set; inputs as of FuserNet, batch 1.

        -> heat [3, 10, 128, 128] probability and reg [3, 10, 128, 128] of each modality alone, all 0 where it is absent
        or sees nothing; mass [1, 3] and attention [1, 3, 64, 64]: each one's share of exp(trust).
        """
        camera, seen = self.neck(table, index, weight, cam_present)
        heat, reg, mass, attention = self.decide([lidar, radar, camera], seen, present, reliability, age)
        return heat[0], reg[0], mass, attention
