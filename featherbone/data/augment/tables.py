"""Operations of ImageOps that give each grey level another one: uint8 images (N, C, H, W), as Pillow computes them."""

from __future__ import annotations

import torch
from torch import Tensor


def posterize(pixels: Tensor, bits: Tensor) -> Tensor:
    """Keep the highest bits of each value, 1 to 8.

    >>> posterize(torch.tensor([[[[255]]]], dtype=torch.uint8), torch.tensor([2.0])).item()
    192
    """
    masks = 256 - 2 ** (8 - bits.long())
    return pixels & masks.to(torch.uint8).to(pixels.device, non_blocking=True).view(-1, 1, 1, 1)


def solarize(pixels: Tensor, threshold: Tensor) -> Tensor:
    """Invert the values from a threshold on; 256 inverts none."""
    limit = threshold.to(pixels.device, torch.float32, non_blocking=True).view(-1, 1, 1, 1)
    return torch.where(pixels < limit, pixels, 255 - pixels)


def autocontrast(pixels: Tensor) -> Tensor:
    """Stretch each channel so that its darkest value becomes 0 and its lightest 255."""
    flat = pixels.flatten(2)
    low, high = flat.amin(dim=2).double()[..., None], flat.amax(dim=2).double()[..., None]
    levels = torch.arange(256, dtype=torch.float64, device=pixels.device)
    scale = torch.full_like(low, 255) / (high - low)  # 255 / tensor would round twice
    stretched = (levels * scale - low * scale).clamp(0, 255).to(torch.uint8)
    return _looked_up(pixels, torch.where(high > low, stretched, levels.to(torch.uint8)))


def equalize(pixels: Tensor) -> Tensor:
    """Spread the values of each channel so that all are about equally frequent."""
    count, channels = pixels.shape[:2]
    groups = torch.arange(count * channels, device=pixels.device).view(count, channels, 1, 1) * 256
    places = (pixels + groups).reshape(-1)
    # not bincount, for which a GPU waits
    counted = torch.zeros(count * channels * 256, dtype=torch.int64, device=pixels.device)
    histogram = counted.scatter_add_(0, places, torch.ones_like(places)).view(count, channels, 256)
    behind = histogram.cumsum(dim=2)
    last = histogram.gather(2, pixels.flatten(2).amax(dim=2, keepdim=True).long())
    step = (behind[..., -1:] - last) // 255
    levels = torch.arange(256, device=pixels.device)
    spread = (step // 2 + behind - histogram) // step.clamp(min=1)
    return _looked_up(pixels, torch.where(step > 0, spread.clamp(max=255), levels).to(torch.uint8))


def _looked_up(pixels: Tensor, tables: Tensor) -> Tensor:
    """For each value of each channel its entry in `tables`, uint8 (N, C, 256)."""
    count, channels = pixels.shape[:2]
    groups = torch.arange(count * channels, dtype=torch.int32, device=pixels.device).view(count, channels, 1, 1) * 256
    return tables.reshape(-1).index_select(0, (pixels + groups).reshape(-1)).view(pixels.shape)
