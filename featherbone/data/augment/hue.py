"""Turn the hue of uint8 images."""

from __future__ import annotations

import torch
from torch import Tensor


def hue(pixels: Tensor, turn: Tensor) -> Tensor:
    """Add a fraction of the circle to the hue (HSV) of images (N, 3, H, W); grey images (N, 1, H, W) have none.

    >>> red = torch.tensor([255, 0, 0], dtype=torch.uint8).view(1, 3, 1, 1)
    >>> hue(red, torch.tensor([1 / 3])).flatten().tolist()
    [0, 255, 0]

    Computed without rounding in between, where Pillow's HSV has 256 hues.
    """
    if pixels.shape[1] == 1:
        return pixels
    red, green, blue = pixels.float().unbind(1)
    value = torch.maximum(torch.maximum(red, green), blue)
    spread = value - torch.minimum(torch.minimum(red, green), blue)
    safe = spread.clamp(min=1)  # a spread of 0 makes grey, whatever the hue
    sixths = torch.where(
        value == red,
        (green - blue) / safe,
        torch.where(value == green, 2 + (blue - red) / safe, 4 + (red - green) / safe),
    )
    sixths = sixths + 6 * turn.to(pixels.device, torch.float32, non_blocking=True).view(-1, 1, 1)
    # Each channel is a trapezoid over the hue: red is full around 0 sixths, green around 2, blue around 4.
    parts = [value - spread * _away((offset + sixths) % 6) for offset in (5, 3, 1)]
    return torch.stack(parts, dim=1).round_().clamp_(0, 255).to(torch.uint8)


def _away(sixths: Tensor) -> Tensor:
    """HSV to RGB in one formula: the share of the spread that a channel lacks, for (offset + 6·hue) mod 6."""
    return torch.minimum(sixths, 4 - sixths).clamp(0, 1)
