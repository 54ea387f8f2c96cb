"""The parts of augmentation in their order, before and after normalisation."""

from __future__ import annotations

from torch import Tensor

from featherbone.data.augment.affine import shift_scale_rotate
from featherbone.data.augment.crop import crop_and_flip
from featherbone.data.augment.draws import Draws
from featherbone.data.augment.erase import erase
from featherbone.data.augment.operations import operate
from featherbone.data.augment.resized_crop import resized_crop
from featherbone.data.augment.settings import Augment


def change_pixels(pixels: Tensor, drawn: Draws, *, fill: Tensor) -> Tensor:
    """What is done to uint8 images (N, C, H, W); `fill`, uint8 (C,), is the colour of what comes in from outside.

    >>> import torch
    >>> pixels = torch.zeros(1, 1, 4, 4, dtype=torch.uint8)
    >>> change_pixels(pixels, Draws(), fill=torch.zeros(1, dtype=torch.uint8)) is pixels
    True
    """
    if drawn.box is not None:
        pixels = resized_crop(pixels, drawn.box)
    if drawn.operations is not None and drawn.magnitudes is not None:
        pixels = operate(pixels, drawn.operations, drawn.magnitudes, fill)
    return pixels


def change_images(images: Tensor, augment: Augment, drawn: Draws) -> Tensor:
    """Normalised images (N, C, H, W) changed as they were drawn; their mean colour is 0. channels_last in memory.

    >>> import torch
    >>> from featherbone.data.augment import Augment, draw
    >>> augment = Augment(erase=1.0)
    >>> drawn = draw(augment, count=2, shape=(1, 8, 8), generator=torch.Generator().manual_seed(0))
    >>> images = change_images(torch.zeros(2, 1, 8, 8), augment, drawn)
    >>> images.shape, bool(images.any())
    (torch.Size([2, 1, 8, 8]), True)
    """
    if drawn.affine is not None:
        images = shift_scale_rotate(images, drawn.affine)
    if drawn.crop is not None:
        images = crop_and_flip(images, augment.pad, drawn.crop)
    if drawn.rectangle is not None and drawn.noise is not None:
        images = erase(images, drawn.rectangle, drawn.noise)
    return images
