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
    return crop(mirror(images, drawn[:, 2]), pad, corners_when_mirrored(drawn, pad))


def corners_when_mirrored(drawn: Tensor, pad: int) -> Tensor:
    """Top and left, (N, 2), of crops that are taken after mirroring: what lay on the left of one is on its right."""
    left = torch.where(drawn[:, 2] == 1, 2 * pad - drawn[:, 1], drawn[:, 1])
    return torch.stack([drawn[:, 0], left], dim=1)


def mirror(images: Tensor, flags: Tensor) -> Tensor:
    """Images (N, C, H, W), those with a flag of 1 turned left to right; channels_last in memory."""
    mirrored = flags.nonzero().view(-1).to(images.device, non_blocking=True)  # found where no one waits for it
    if not len(mirrored):
        return images
    pixels = images.permute(0, 2, 3, 1)
    turned = pixels.index_select(0, mirrored).flip(2)
    return pixels.index_copy(0, mirrored, turned).permute(0, 3, 1, 2)


def crop(images: Tensor, pad: int, corners: Tensor) -> Tensor:
    """Crops of the original size whose top and left, (N, 2), count from a border of `pad` zeros; channels_last."""
    if not pad or not len(images):
        return images.contiguous(memory_format=torch.channels_last)
    count, channels, height, width = images.shape
    corners = corners.to(images.device, non_blocking=True)
    padded = functional.pad(images.permute(0, 2, 3, 1), (0, 0, pad, pad, pad, pad))
    # A line of the result is as many numbers beside each other as it has, from wherever it begins in the padded images.
    long, tall = (width + 2 * pad) * channels, height + 2 * pad
    firsts = torch.arange(count, device=images.device) * tall + corners[:, 0]
    lines = firsts[:, None] + torch.arange(height, device=images.device)
    begins = lines * long + corners[:, 1, None] * channels
    cut = padded.view(-1).unfold(0, width * channels, 1).index_select(0, begins.view(-1))
    return cut.view(count, height, width, channels).permute(0, 3, 1, 2)
