"""Shear, translate and rotate uint8 images as Pillow does: the nearest pixel, in its 16.16 fixed-point arithmetic."""

from __future__ import annotations

import math

import torch
from torch import Tensor

Fill = Tensor  # uint8, (C,): the colour of what comes in from outside


def shear_x(pixels: Tensor, magnitude: Tensor, fill: Fill) -> Tensor:
    """`image.transform(size, AFFINE, (1, magnitude, 0, 0, 1, 0))`."""
    zero, one = torch.zeros_like(magnitude), torch.ones_like(magnitude)
    return warp(pixels, torch.stack([one, magnitude, zero, zero, one, zero], dim=1), fill)


def shear_y(pixels: Tensor, magnitude: Tensor, fill: Fill) -> Tensor:
    """`image.transform(size, AFFINE, (1, 0, 0, magnitude, 1, 0))`."""
    zero, one = torch.zeros_like(magnitude), torch.ones_like(magnitude)
    return warp(pixels, torch.stack([one, zero, zero, magnitude, one, zero], dim=1), fill)


def translate_x(pixels: Tensor, magnitude: Tensor, fill: Fill) -> Tensor:
    """`image.transform(size, AFFINE, (1, 0, magnitude, 0, 1, 0))`: the content moves left by so many pixels."""
    zero, one = torch.zeros_like(magnitude), torch.ones_like(magnitude)
    return warp(pixels, torch.stack([one, zero, magnitude, zero, one, zero], dim=1), fill)


def translate_y(pixels: Tensor, magnitude: Tensor, fill: Fill) -> Tensor:
    """`image.transform(size, AFFINE, (1, 0, 0, 0, 1, magnitude))`: the content moves up by so many pixels."""
    zero, one = torch.zeros_like(magnitude), torch.ones_like(magnitude)
    return warp(pixels, torch.stack([one, zero, zero, zero, one, magnitude], dim=1), fill)


def rotate(pixels: Tensor, magnitude: Tensor, fill: Fill) -> Tensor:
    """`image.rotate(magnitude)`: degrees, counter-clockwise, around the centre."""
    middle_x, middle_y = pixels.shape[3] / 2, pixels.shape[2] / 2
    cosine, sine = torch.cos(magnitude * (math.pi / 180)), torch.sin(magnitude * (math.pi / 180))
    across = middle_x - cosine * middle_x + sine * middle_y
    down = middle_y - sine * middle_x - cosine * middle_y
    return warp(pixels, torch.stack([cosine, -sine, across, sine, cosine, down], dim=1), fill)


def warp(pixels: Tensor, matrices: Tensor, fill: Fill) -> Tensor:
    """Each pixel of the result is the one at (a·x + b·y + c, d·x + e·y + f), counted at pixel centres.

    `pixels` are uint8 (N, C, H, W), `matrices` float64 (N, 6) on the CPU, where they are rounded to fixed point: the
    same pixels are chosen on every device.
    """
    count, channels, height, width = pixels.shape
    device = pixels.device
    a, b, c, d, e, f = matrices.double().unbind(1)
    fixed = torch.stack([a, b, c + 0.5 * a + 0.5 * b, d, e, f + 0.5 * d + 0.5 * e], dim=1)
    fixed = (fixed * 65536 + 0.5).floor().long().to(device, non_blocking=True)
    a, b, c, d, e, f = fixed[:, :, None, None].unbind(1)
    x, y = torch.arange(width, device=device)[None, None, :], torch.arange(height, device=device)[None, :, None]
    column, row = (a * x + b * y + c) >> 16, (d * x + e * y + f) >> 16
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    firsts = torch.arange(count, device=device)[:, None, None] * (height * width)
    places = firsts + row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
    flat = pixels.permute(0, 2, 3, 1).reshape(-1, channels)
    found = flat.index_select(0, places.reshape(-1)).view(count, height, width, channels)
    return torch.where(inside[..., None], found, fill.to(device)).permute(0, 3, 1, 2)
