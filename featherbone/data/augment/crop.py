"""A crop from a border, and the mirror: whole lines are copied, not pixels."""

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
    mirrored = drawn[:, 2].nonzero().view(-1).to(images.device, non_blocking=True)  # found where no one waits for it
    drawn = drawn.to(images.device, non_blocking=True)
    pixels = images.permute(0, 2, 3, 1)
    padded = functional.pad(pixels, (0, 0, pad, pad, pad, pad)) if pad else pixels.contiguous()
    # A line of the result is as many numbers beside each other as it has, from wherever it begins in the padded images.
    long, tall = (width + 2 * pad) * channels, height + 2 * pad
    firsts = torch.arange(count, device=images.device) * tall + drawn[:, 0]
    lines = firsts[:, None] + torch.arange(height, device=images.device)
    begins = lines * long + drawn[:, 1, None] * channels
    cut = padded.view(-1).unfold(0, width * channels, 1).index_select(0, begins.view(-1))
    cut = cut.view(count, height, width, channels)
    if len(mirrored):
        cut[mirrored] = cut[mirrored].flip(2)
    return cut.permute(0, 3, 1, 2)
