"""Placing the cameras' polar tables in the bird's-eye-view grid, by a table of rows and weights made outside."""

import torch
from torch import Tensor

from .grid import TAPS, TOKEN_CELLS


def lift(table: Tensor, index: Tensor, weight: Tensor, cam_present: Tensor) -> tuple[Tensor, Tensor]:
    """Gather each cell's few table rows.

    table [B, N, R, C] of N cameras; index [B, 4096, 4] int64, row in the stacked tables (camera * R + row); weight
    [B, 4096, 4], 0 for a tap that reads nothing; cam_present [B, N] 0 or 1.
    -> tokens [B, C, 64, 64] and coverage [B, 1, 64, 64], the summed weights: about 1 where a camera sees.

    What an absent camera's table or taps hold, NaN and infinity included, changes no bit of the result.
    """
    b, n, r, c = table.shape
    on = cam_present > 0.5  # [B, N]
    table = torch.where(on[:, :, None, None], table, table.new_zeros(()))
    if b > 1:
        index = index + (torch.arange(b, device=index.device) * (n * r))[:, None, None]
    row = index.reshape(-1)
    live = on.to(weight.dtype)[:, :, None].expand(b, n, r).reshape(-1)[row].reshape(b, -1, TAPS)
    weight = torch.where(live > 0.5, weight, weight.new_zeros(()))
    taps = table.reshape(b * n * r, c)[row].reshape(b, -1, TAPS, c)
    tokens = torch.matmul(weight[:, :, None, :], taps)[:, :, 0]  # [B, 4096, C]
    return (
        tokens.transpose(1, 2).reshape(b, c, TOKEN_CELLS, TOKEN_CELLS),
        weight.sum(2).reshape(b, 1, TOKEN_CELLS, TOKEN_CELLS),
    )
