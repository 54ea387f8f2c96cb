"""Random changes to a batch, each image with its own draw, all images at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from featherbone.errors import FeatherboneError


@dataclass(frozen=True, kw_only=True)
class Augment:
    """What to do to training images; the defaults do nothing.

    >>> Augment(pad=4, flip=True)
    Augment(pad=4, flip=True, erase=0.0, shift_scale_rotate=(0.0, 0.0, 0.0))

    - `pad`: a border of so many pixels of the mean colour (zero after normalisation), then a random crop of the
      original size (He 2015, arXiv 1512.03385, section 4.2).
    - `flip`: mirror left and right, with probability one half.
    - `erase`: the probability of filling a random rectangle with noise (Random Erasing, arXiv 1708.04896): 2–40 % of
      the area, aspect 0.3 to 3.3, one noise value per pixel and channel from N(0, 1), the spread of normalised images.
    - `shift_scale_rotate`: the largest shift as a fraction of the side, the largest change of scale (0.1 is 0.9 to 1.1)
      and the largest rotation in degrees, drawn uniformly, sampled bilinearly, filled with the mean colour.

    Raises `FeatherboneError` for values outside of their range.
    """

    pad: int = 0
    flip: bool = False
    erase: float = 0.0
    shift_scale_rotate: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        shift, scale, degrees = self.shift_scale_rotate
        if self.pad < 0:
            raise FeatherboneError(f"pad is {self.pad}; it must be 0 or more pixels")
        if not 0 <= self.erase <= 1:
            raise FeatherboneError(f"erase is {self.erase}; it is a probability, from 0 to 1")
        if not (0 <= shift <= 1 and 0 <= scale < 1 and 0 <= degrees <= 180):
            raise FeatherboneError(
                f"shift_scale_rotate is {self.shift_scale_rotate}; it must be within (1, 1, 180), the scale below 1",
                hint="a fraction of the side, a relative change of size, degrees; try (0.1, 0.1, 10)",
            )


def augmented(images: Tensor, augment: Augment, generator: torch.Generator) -> Tensor:
    """Changed copies of normalised images (N, C, H, W), channels_last in memory.

    >>> augmented(torch.ones(2, 1, 4, 4), Augment(flip=True), torch.Generator()).equal(torch.ones(2, 1, 4, 4))
    True
    """
    if any(augment.shift_scale_rotate):
        images = _affine(images, augment.shift_scale_rotate, generator)
    if augment.pad or augment.flip:
        images = _crop_and_flip(images, augment.pad, augment.flip, generator)
    if augment.erase:
        images = _erase(images, augment.erase, generator)
    return images


def _crop_and_flip(images: Tensor, pad: int, flip: bool, generator: torch.Generator) -> Tensor:
    """One gather does both: which pixel of the padded image each pixel of the result is."""
    count, channels, height, width = images.shape
    padded = functional.pad(images.permute(0, 2, 3, 1), (0, 0, pad, pad, pad, pad))
    top = torch.randint(0, 2 * pad + 1, (count, 1), generator=generator)
    left = torch.randint(0, 2 * pad + 1, (count, 1), generator=generator)
    columns = torch.arange(width).expand(count, width)
    if flip:
        mirrored = torch.rand((count, 1), generator=generator) < 0.5
        columns = torch.where(mirrored, width - 1 - columns, columns)
    rows = torch.arange(height) + top + torch.arange(count)[:, None] * (height + 2 * pad)
    places = rows[:, :, None] * (width + 2 * pad) + (columns + left)[:, None, :]
    pixels = padded.reshape(-1, channels).index_select(0, places.reshape(-1))
    return pixels.reshape(count, height, width, channels).permute(0, 3, 1, 2)


def _affine(images: Tensor, largest: tuple[float, float, float], generator: torch.Generator) -> Tensor:
    shift, scale, degrees = largest

    def draw(limit: float) -> Tensor:
        return (torch.rand(len(images), generator=generator) * 2 - 1) * limit

    angle, factor = draw(math.radians(degrees)), 1 / (1 + draw(scale))
    # affine_grid maps results to their origins, in coordinates from -1 to 1 along both axes: a shift by the whole side
    # is 2, and a rotation is one only for square images, as those of a data set are.
    across, down = 2 * draw(shift), 2 * draw(shift)
    cosine, sine = torch.cos(angle) * factor, torch.sin(angle) * factor
    matrices = torch.stack([cosine, -sine, across, sine, cosine, down], dim=1).reshape(-1, 2, 3)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    sampled = functional.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return sampled.contiguous(memory_format=torch.channels_last)


def _erase(images: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Rectangles that would be larger than the image are cut to it, where the paper draws again."""
    count, channels, height, width = images.shape

    def draw(low: float, high: float) -> Tensor:
        return torch.rand((count, 1), generator=generator) * (high - low) + low

    area = draw(0.02, 0.4) * height * width
    aspect = torch.exp(draw(math.log(0.3), -math.log(0.3)))
    tall = (area * aspect).sqrt().round().clamp(1, height)
    wide = (area / aspect).sqrt().round().clamp(1, width)
    top = (draw(0, 1) * (height - tall + 1)).floor()
    left = (draw(0, 1) * (width - wide + 1)).floor()
    chosen = draw(0, 1) < probability
    rows, columns = torch.arange(height), torch.arange(width)
    within_rows = (rows >= top) & (rows < top + tall) & chosen
    within_columns = (columns >= left) & (columns < left + wide)
    mask = (within_rows[:, :, None] & within_columns[:, None, :])[:, None]
    noise = torch.randn((count, height, width, channels), generator=generator).permute(0, 3, 1, 2)
    return torch.where(mask, noise, images)
