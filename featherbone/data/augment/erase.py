"""Random Erasing (arXiv:1708.04896): a rectangle of noise in place of what was there."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LEAST_NOISE = 2**18


def draw_erase(
    count: int, shape: tuple[int, int, int], probability: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(N, 5) int64: top, left, height and width of the rectangle (of height 0 where nothing is erased), and where the
    image's noise begins in the second result, a row of draws from N(0, 1).

    `shape` is (C, H, W). Rectangles that would be larger than the image are cut to it, where the paper draws again. The
    noise of an image is a window, at a place of its own, of numbers that all images share: a number for each pixel of
    each image would take longer to draw than the step it is for.
    """
    channels, height, width = shape

    def draw(low: float, high: float) -> Tensor:
        return torch.rand(count, generator=generator) * (high - low) + low

    area = draw(0.02, 0.4) * height * width
    aspect = torch.exp(draw(math.log(0.3), -math.log(0.3)))
    tall = (area * aspect).sqrt().round().clamp(1, height)
    wide = (area / aspect).sqrt().round().clamp(1, width)
    top = (draw(0, 1) * (height - tall + 1)).floor()
    left = (draw(0, 1) * (width - wide + 1)).floor()
    tall = torch.where(draw(0, 1) < probability, tall, 0)
    window = channels * height * width
    noise = torch.randn(max(LEAST_NOISE, 2 * window), generator=generator)
    begins = torch.randint(0, len(noise) - window + 1, (count,), generator=generator)
    return torch.stack([top.long(), left.long(), tall.long(), wide.long(), begins], dim=1), noise


def erase(images: Tensor, drawn: Tensor, noise: Tensor) -> Tensor:
    """Copies of images (N, C, H, W) with noise in their rectangles."""
    _, channels, height, width = images.shape
    device = images.device
    noise = noise.to(device, non_blocking=True)
    top, left, tall, wide, begins = drawn.to(device, non_blocking=True)[:, :, None].unbind(1)
    rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)
    within_rows = (rows >= top) & (rows < top + tall)
    within_columns = (columns >= left) & (columns < left + wide)
    mask = (within_rows[:, :, None] & within_columns[:, None, :])[:, None]
    window = noise.unfold(0, channels * height * width, 1)[begins[:, 0]]
    return torch.where(mask, window.view(-1, height, width, channels).permute(0, 3, 1, 2), images)
