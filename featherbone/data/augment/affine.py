"""Shift, scale and rotate a little, smoothly."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def draw_affine(count: int, largest: tuple[float, float, float], generator: torch.Generator) -> Tensor:
    """(N, 4): angle in radians, scale, and shifts right and down in halves of the side."""
    shift, scale, degrees = largest

    def draw(limit: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * limit

    return torch.stack([draw(math.radians(degrees)), 1 + draw(scale), 2 * draw(shift), 2 * draw(shift)], dim=1)


def shift_scale_rotate(images: Tensor, drawn: Tensor) -> Tensor:
    """Moved copies of square images (N, C, H, W), sampled bilinearly, zero outside; channels_last in memory."""
    angle, scale, across, down = drawn.to(images.device, non_blocking=True).unbind(1)
    # affine_grid maps results to their origins, in coordinates from -1 to 1 along both axes: a shift by the whole side
    # is 2, and a rotation is one only for square images, as those of a data set are.
    cosine, sine = torch.cos(angle) / scale, torch.sin(angle) / scale
    matrices = torch.stack([cosine, -sine, across, sine, cosine, down], dim=1).reshape(-1, 2, 3)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    sampled = functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return sampled.contiguous(memory_format=torch.channels_last)
