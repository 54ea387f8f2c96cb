"""A crop of random size and shape, resized to the whole image (GoogLeNet, arXiv:1409.4842, section 6)."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

ATTEMPTS = 10
ASPECTS = (3 / 4, 4 / 3)


def draw_box(count: int, size: tuple[int, int], smallest: float, generator: torch.Generator) -> Tensor:
    """(N, 4) int64: top, left, height and width of boxes that take `smallest` to 1 of the area.

    As everywhere in the field: the area is uniform and the aspect log-uniform; of ten draws the first that fits in the
    image is taken, and if none does, the largest centred box whose aspect is allowed.
    """
    height, width = size

    def draw(low: float, high: float, shape: tuple[int, ...] = (count, ATTEMPTS)) -> Tensor:
        return torch.rand(shape, generator=generator, dtype=torch.float64) * (high - low) + low

    area = draw(smallest, 1) * height * width
    aspect = torch.exp(draw(math.log(ASPECTS[0]), math.log(ASPECTS[1])))
    wide, tall = (area * aspect).sqrt().round(), (area / aspect).sqrt().round()
    fits = (wide >= 1) & (wide <= width) & (tall >= 1) & (tall <= height)
    first = fits.int().argmax(dim=1, keepdim=True)  # the first of the largest
    wide, tall = wide.gather(1, first)[:, 0], tall.gather(1, first)[:, 0]
    top = (draw(0, 1, (count,)) * (height - tall + 1)).floor()
    left = (draw(0, 1, (count,)) * (width - wide + 1)).floor()
    none = ~fits.any(dim=1)
    whole = (round(min(height, width / ASPECTS[0])), round(min(width, height * ASPECTS[1])))
    centred = ((height - whole[0]) // 2, (width - whole[1]) // 2, *whole)
    boxes = torch.stack([top, left, tall, wide], dim=1)
    return torch.where(none[:, None], torch.tensor(centred, dtype=torch.float64), boxes).long()


def resized_crop(pixels: Tensor, boxes: Tensor) -> Tensor:
    """The boxes of uint8 images (N, C, H, W), each resized bilinearly to H×W; what lies outside has no part in it.

    >>> pixels = torch.arange(16, dtype=torch.uint8).reshape(1, 1, 4, 4)
    >>> resized_crop(pixels, torch.tensor([[0, 0, 4, 4]])).equal(pixels)
    True
    """
    _, _, height, width = pixels.shape
    top, left, tall, wide = boxes.to(pixels.device, non_blocking=True).float()[:, :, None].unbind(1)

    def places(first: Tensor, length: Tensor, side: int) -> Tensor:
        """Where each pixel of the result lies, from -1 to 1 along the image."""
        centres = (torch.arange(side, device=pixels.device) + 0.5) / side
        pixel = first + torch.clamp(centres * length, torch.full_like(length, 0.5), length - 0.5)
        return 2 * pixel / side - 1

    across = places(left, wide, width)[:, None, :].expand(-1, height, -1)
    down = places(top, tall, height)[:, :, None].expand(-1, -1, width)
    grid = torch.stack([across, down], dim=3)
    sampled = functional.grid_sample(pixels.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)
    return sampled.round_().clamp_(0, 255).to(torch.uint8)
