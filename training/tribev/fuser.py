"""Fusers: tokens of the modalities that are there to heat maps, boxes and each modality's share."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .grid import CAMERA, CLASSES, MODALITIES, OUTPUTS, TOKEN_CELLS
from .lift import lift
from .network import Size, TwoScales, conv

LEAST_RELIABILITY = 1e-4  # below this a present modality weighs no less; 0 is the same as absent
PRIOR = -4.0  # first bias of the heat maps: sigmoid(-4) = 0.018
AGE_RATE = 2.0  # first decay of a modality's weight with its age, 1/s


def output_layer(i: int) -> nn.Conv2d:
    """Return the layer from i channels at 64 x 64 to the outputs at 128 x 128, still as 4 OUTPUTS channels."""
    layer = nn.Conv2d(i, 4 * OUTPUTS, 1)
    nn.init.normal_(layer.weight, std=0.01)
    nn.init.zeros_(layer.bias)
    nn.init.constant_(layer.bias[: 4 * len(CLASSES)], PRIOR)
    return layer


def split(o: Tensor) -> tuple[Tensor, Tensor]:
    """Map [B, 80, 64, 64] to heat [B, 10, 128, 128] (probability) and reg [B, 10, 128, 128], float32."""
    o = F.pixel_shuffle(o, 2).float()
    return torch.sigmoid(o[:, : len(CLASSES)]), o[:, len(CLASSES) :]


class OwnHead(nn.Module):
    """The decision of one modality alone: it trains the encoder, and is the modality's voice in late fusion.

    Rasters are already in the grid's frame and their encoders look around in it, so one layer decides. A camera's
    tokens lie along rays; blocks at two scales look at a ray as a whole first.
    """

    def __init__(self, size: Size, rays: bool):
        super().__init__()
        c = size.channels
        self.trunk = TwoScales(c, size.trunk[1], 1, 1) if rays else nn.Identity()
        self.out = output_layer(c)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Map tokens [B, C, 64, 64] to heat and reg; see split."""
        return split(self.out(self.trunk(tokens)))


class Neck(nn.Module):
    """Polar tables to camera tokens: lifting, then one convolution that cleans up the rays."""

    def __init__(self, channels: int):
        super().__init__()
        self.clean = conv(channels, channels)

    def forward(self, table: Tensor, index: Tensor, weight: Tensor, cam_present: Tensor) -> tuple[Tensor, Tensor]:
        """Return tokens [B, C, 64, 64] and seen [B, 1, 64, 64], 1 where a present camera looks. Inputs: see lift."""
        tokens, coverage = lift(table, index, weight, cam_present)
        seen = (coverage > 0.05).float()
        return self.clean(tokens) * seen, seen


def masks(on: Tensor, seen: Tensor) -> list[Tensor]:
    """Return where each modality counts, three [B, 1, 64, 64] of 0 and 1, from on [B, 3] and seen [B, 1, 64, 64]."""
    mask = [on[:, m, None, None, None].float().expand_as(seen) for m in range(len(MODALITIES))]
    mask[CAMERA] = mask[CAMERA] * seen
    return mask


def shares(logits: list[Tensor], there: list[Tensor]) -> list[Tensor]:
    """Return the softmax over three modalities of logits [B, heads, N], exactly 0 where there [B, 1, N] is 0."""
    low = logits[0].new_full((), -1e9)
    logits = [torch.where(k > 0, x, low) for x, k in zip(logits, there, strict=True)]
    top = torch.maximum(torch.maximum(logits[0], logits[1]), logits[2])
    scores = [torch.exp(x - top) * k for x, k in zip(logits, there, strict=True)]
    total = (scores[0] + scores[1] + scores[2]).clamp(min=1e-6)
    return [s / total for s in scores]


class Fuser(nn.Module):
    """What all fusers share: masks, trunk and heads. A subclass says in mix() how tokens become one map.

    A modality that is absent (present 0, or reliability 0) contributes exactly nothing, whatever its buffers hold:
    its tokens, reliability and age are selected away by where(), never multiplied by zero. Without believe every
    reliability but 0 counts as 1.
    """

    def __init__(self, size: Size, mixed: int, believe: bool = True):
        super().__init__()
        self.believe = believe
        self.enter = conv(mixed, size.trunk[0], 1)
        self.trunk = TwoScales(*size.trunk, *size.trunk_blocks)
        self.head = conv(size.trunk[0], size.head)
        self.out = output_layer(size.head)
        self.rate = nn.Parameter(torch.full((3,), math.log(math.expm1(AGE_RATE))))  # softplus(rate) = AGE_RATE

    def mix(self, tokens: list[Tensor], mask: list[Tensor], trust: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mixed map and attention [B, 3, 64, 64].

        tokens: three [B, C, 64, 64], 0 where mask is 0; mask: three [B, 1, 64, 64]; trust [B, 3]: log of the weight
        that reliability and age leave, at most 0, and 0 for an absent modality.
        """
        raise NotImplementedError

    def fuse(self, tokens, seen, present, reliability, age):
        """Fuse token maps: as forward, from camera tokens [B, C, 64, 64] and where they count, seen [B, 1, 64, 64]."""
        on = (present > 0.5) & (reliability > 0)  # [B, 3]
        none = tokens[0].new_zeros(())
        mask = masks(on, seen)
        tokens = [torch.where(k > 0, t, none) for k, t in zip(mask, tokens, strict=True)]
        trust = -F.softplus(self.rate) * age.clamp(min=0.0)
        if self.believe:
            trust = trust + torch.log(reliability.clamp(LEAST_RELIABILITY, 1.0))
        trust = torch.where(on, trust, trust.new_zeros(()))
        mixed, attention = self.mix(tokens, mask, trust)
        heat, reg = split(self.out(self.head(self.trunk(self.enter(mixed)))))
        return heat, reg, attention.mean((2, 3)), attention


class AttentionFuser(Fuser):
    """Attention over the present modalities in each cell.

    The logit of modality m is q . k_m / sqrt(d) + b_m + log(reliability) - softplus(rate) * age, so that less
    reliable or older always weighs less; weights sum to 1 over what is present, and are 0 where nothing is.
    """

    def __init__(self, size: Size, believe: bool = True):
        super().__init__(size, size.channels, believe)
        c, self.heads, self.key = size.channels, size.heads, size.key
        self.query = nn.Conv2d(c, self.key, 1)
        self.place_x = nn.Parameter(torch.randn(1, self.key, TOKEN_CELLS, 1) * 0.1)
        self.place_y = nn.Parameter(torch.randn(1, self.key, 1, TOKEN_CELLS) * 0.1)
        self.keys = nn.ModuleList(nn.Conv2d(c, self.key, 1) for _ in MODALITIES)
        self.values = nn.ModuleList(nn.Conv2d(c, c, 1) for _ in MODALITIES)
        self.bias = nn.Parameter(torch.zeros(len(MODALITIES), self.heads))
        self.presence = nn.Conv2d(len(MODALITIES), c, 1, bias=False)  # tells the trunk what the map rests on

    def exchange(self, tokens: list[Tensor], mask: list[Tensor], trust: Tensor) -> list[Tensor]:
        """Return the tokens that are summed; here they are the encoders' own."""
        return tokens

    def mix(self, tokens, mask, trust):
        """See Fuser.mix."""
        b, c, n = tokens[0].shape[0], tokens[0].shape[1], TOKEN_CELLS * TOKEN_CELLS
        count = (mask[0] + mask[1] + mask[2]).clamp(min=1.0)
        query = self.query((tokens[0] + tokens[1] + tokens[2]) / count) + self.place_x + self.place_y
        there = [k.reshape(b, 1, n) for k in mask]
        logits = []
        for m, t in enumerate(tokens):
            agree = (query * self.keys[m](t)).reshape(b, self.heads, self.key // self.heads, n).sum(2).float()
            logits.append(agree * (self.key // self.heads) ** -0.5 + self.bias[m, :, None] + trust[:, m, None, None])
        share = shares(logits, there)  # of [B, heads, 4096]
        parts = [
            share[m][:, :, None] * self.values[m](t).reshape(b, self.heads, c // self.heads, n)
            for m, t in enumerate(self.exchange(tokens, mask, trust))
        ]
        mixed = (parts[0] + parts[1] + parts[2]).reshape(b, c, TOKEN_CELLS, TOKEN_CELLS)
        mixed = mixed + self.presence(torch.cat(mask, 1))
        attention = torch.stack([s.mean(1) for s in share], 1)  # [B, 3, 4096]
        return mixed, attention.reshape(b, len(MODALITIES), TOKEN_CELLS, TOKEN_CELLS)


class EarlyFuser(Fuser):
    """The baseline: tokens scaled by exp(trust), beside the three scaled masks, in one stack of channels.

    With how "sum" the tokens are summed instead, each channel with a learned weight a modality; the weights of those
    that are there sum to 1.
    """

    def __init__(self, size: Size, believe: bool = True, how: str = "stack"):
        summed = how == "sum"
        super().__init__(size, (1 if summed else len(MODALITIES)) * size.channels + len(MODALITIES), believe)
        self.weight = nn.Parameter(torch.zeros(len(MODALITIES), size.channels)) if summed else None

    def mix(self, tokens, mask, trust):
        """See Fuser.mix. The attention is each modality's part of the summed trust, or of the weights."""
        scale = torch.exp(trust)[:, :, None, None]  # [B, 3, 1, 1]
        live = torch.cat(mask, 1) * scale  # [B, 3, 64, 64]
        if self.weight is None:
            scaled = [t * scale[:, m : m + 1] for m, t in enumerate(tokens)]
            return torch.cat([*scaled, live], 1), live / live.sum(1, keepdim=True).clamp(min=1e-6)
        b, n = live.shape[0], TOKEN_CELLS * TOKEN_CELLS
        logits = [(self.weight[m] + trust[:, m : m + 1])[:, :, None].expand(b, -1, n) for m in range(len(tokens))]
        share = shares(logits, [k.reshape(b, 1, n) for k in mask])  # of [B, C, 4096]
        parts = [s.reshape(t.shape) * t for s, t in zip(share, tokens, strict=True)]
        attention = torch.stack([s.mean(1) for s in share], 1).reshape(live.shape)
        return torch.cat([parts[0] + parts[1] + parts[2], live], 1), attention


class FuserNet(nn.Module):
    """Neck and fuser as one network: what is exported."""

    def __init__(self, neck: Neck, fuser: Fuser):
        super().__init__()
        self.neck, self.fuser = neck, fuser

    def forward(self, lidar, radar, table, index, weight, cam_present, present, reliability, age):
        """Fuse one set.

        lidar, radar [B, C, 64, 64] tokens; table [B, 6, 1024, C]; index, weight [B, 4096, 4] and cam_present [B, 6]:
        see lift; present [B, 3] 0 or 1, reliability [B, 3] 0..1, age [B, 3] seconds, order lidar, radar, camera.
        -> heat [B, 10, 128, 128] probability, reg [B, 10, 128, 128] (REGRESSION), mass [B, 3] (mean share of each
        modality), attention [B, 3, 64, 64] (share of each modality in each cell).
        """
        camera, seen = self.neck(table, index, weight, cam_present)
        return self.fuser.fuse([lidar, radar, camera], seen, present, reliability, age)
