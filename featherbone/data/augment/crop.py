"""A crop from a border, and the mirror: one gather does both."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def draw_crop(count: int, pad: int, flip: bool, generator: torch.Generator) -> Tensor:
    """(N, 3) int64: the crop's top and left within the padded image, and 1 where the result is mirrored."""
    corners = [torch.randint(0, 2 * pad + 1, (count, 1), generator=generator) for _ in range(2)]
    mirrored = torch.rand((count, 1), generator=generator) < 0.5 if flip else torch.zeros((count, 1), dtype=torch.bool)
    return torch.cat([*corners, mirrored.long()], dim=1)


def crop_and_flip(images: Tensor, pad: int, drawn: Tensor) -> Tensor:
    """Crops of the original size from images (N, C, H, W) with a border of `pad` zeros; channels_last in memory.

    >>> image = torch.arange(4.0).reshape(1, 1, 1, 4)
    >>> crop_and_flip(image, 0, torch.tensor([[0, 0, 1]])).tolist()
    [[[[3.0, 2.0, 1.0, 0.0]]]]
    """
    count, channels, height, width = images.shape
    padded = functional.pad(images.permute(0, 2, 3, 1), (0, 0, pad, pad, pad, pad))
    top, left, mirrored = drawn.to(images.device, non_blocking=True)[:, :, None].unbind(1)
    columns = torch.arange(width, device=images.device)
    columns = torch.where(mirrored.bool(), width - 1 - columns, columns)
    firsts = torch.arange(count, device=images.device)[:, None] * (height + 2 * pad)
    rows = torch.arange(height, device=images.device) + top + firsts
    # which pixel of the padded image each pixel of the result is
    places = rows[:, :, None] * (width + 2 * pad) + (columns + left)[:, None, :]
    pixels = padded.reshape(-1, channels).index_select(0, places.reshape(-1))
    return pixels.reshape(count, height, width, channels).permute(0, 3, 1, 2)
