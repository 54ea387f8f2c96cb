"""Brightness, contrast, saturation and sharpness of uint8 images: Pillow's ImageEnhance, within one grey level.

Each blends the image with a degenerate one. A factor of 1 changes nothing, 0 gives the degenerate one, and more than 1
goes beyond the image; results are cut to 0..255 and rounded down.
"""

from __future__ import annotations

import torch
from torch import Tensor


def brightness(pixels: Tensor, factor: Tensor) -> Tensor:
    """The degenerate image is black.

    >>> brightness(torch.tensor([[[[100]]]], dtype=torch.uint8), torch.tensor([1.5])).item()
    150
    """
    return _blend(torch.zeros((), device=pixels.device), pixels, factor)


def contrast(pixels: Tensor, factor: Tensor) -> Tensor:
    """The degenerate image has the mean luma everywhere."""
    mean = luma(pixels).double().mean(dim=(1, 2, 3), keepdim=True)
    return _blend((mean + 0.5).floor().float(), pixels, factor)


def saturation(pixels: Tensor, factor: Tensor) -> Tensor:
    """The degenerate image is the luma; grey images have no saturation to change. Pillow's name for it is Color."""
    return _blend(luma(pixels).float(), pixels, factor)


def sharpness(pixels: Tensor, factor: Tensor) -> Tensor:
    """The degenerate image is smoothed by the kernel (1 1 1, 1 5 1, 1 1 1) / 13, its outermost pixels as they are."""
    smooth = pixels.int()
    if min(pixels.shape[2:]) > 2:
        rows = smooth[:, :, :-2] + smooth[:, :, 1:-1] + smooth[:, :, 2:]
        total = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:] + 4 * smooth[:, :, 1:-1, 1:-1]
        smooth = smooth.clone()
        smooth[:, :, 1:-1, 1:-1] = (2 * total + 13) // 26  # rounded to the nearest
    return _blend(smooth.float(), pixels, factor)


def luma(pixels: Tensor) -> Tensor:
    """The luma of ITU-R 601 as Pillow rounds it: uint8 (N, C, H, W) → int32 (N, 1, H, W)."""
    if pixels.shape[1] == 1:
        return pixels.int()
    red, green, blue = pixels.int().unbind(1)
    return ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16)[:, None]


def _blend(degenerate: Tensor, pixels: Tensor, factor: Tensor) -> Tensor:
    share = factor.to(pixels.device, torch.float32, non_blocking=True).view(-1, 1, 1, 1)
    return (degenerate + share * (pixels.float() - degenerate)).clamp_(0, 255).to(torch.uint8)
