"""Every random number that the images of a pass need, drawn at once on the CPU."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from featherbone.data.augment.affine import draw_affine
from featherbone.data.augment.crop import draw_crop
from featherbone.data.augment.erase import draw_erase
from featherbone.data.augment.mix import draw_mix
from featherbone.data.augment.policies import draw_jitter, draw_rand, draw_trivial
from featherbone.data.augment.resized_crop import draw_box
from featherbone.data.augment.settings import Augment


@dataclass(frozen=True, kw_only=True)
class Draws:
    """What was drawn for images, a row an image; None where that part is off.

    >>> import torch
    >>> from featherbone.data.augment import Augment, draw
    >>> drawn = draw(Augment(flip=True), count=2, shape=(3, 8, 8), generator=torch.Generator().manual_seed(0))
    >>> drawn.crop.shape, drawn.noise is None
    (torch.Size([2, 3]), True)

    All images of a pass are drawn together, in their own order, and a batch takes its `rows`: the same images come out
    however they are divided into batches, and however many processes there are. `partner` counts in the whole pass.
    """

    box: Tensor | None = None  # of resized_crop
    operations: Tensor | None = None  # of colour jitter, then TrivialAugment or RandAugment
    magnitudes: Tensor | None = None
    affine: Tensor | None = None
    crop: Tensor | None = None
    rectangle: Tensor | None = None  # of erase
    noise: Tensor | None = None  # shared by all images
    partner: Tensor | None = None  # of mixup and CutMix
    share: Tensor | None = None
    cut: Tensor | None = None

    def rows(self, rows: Tensor) -> Draws:
        """The draws of some of the images, by their numbers."""
        return Draws(**{name: value if name == "noise" else value[rows] for name, value in self._drawn()})

    def digest(self) -> str:
        """SHA-256 of all that was drawn.

        >>> Draws(crop=torch.zeros(1, 3)).digest() == Draws(crop=torch.zeros(1, 3)).digest() != Draws().digest()
        True
        """
        found = hashlib.sha256()
        for name, value in self._drawn():
            found.update(f"{name} {tuple(value.shape)} {value.dtype} ".encode())
            found.update(value.contiguous().numpy().tobytes())
        return found.hexdigest()

    def _drawn(self) -> Iterator[tuple[str, Tensor]]:
        """The parts that are on, by name."""
        parts = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ((name, value) for name, value in parts if value is not None)


def draw(augment: Augment, *, count: int, shape: tuple[int, int, int], generator: torch.Generator) -> Draws:
    """The draws for `count` images of `shape` (C, H, W). How many numbers are taken depends on the arguments alone.

    >>> drawn = draw(Augment(flip=True), count=3, shape=(3, 8, 8), generator=torch.Generator().manual_seed(0))
    >>> drawn.crop.shape, drawn.rectangle
    (torch.Size([3, 3]), None)
    """
    size = shape[1:]
    made: dict[str, Tensor] = {}
    if any(augment.shift_scale_rotate):
        made["affine"] = draw_affine(count, augment.shift_scale_rotate, generator)
    if augment.pad or augment.flip:
        made["crop"] = draw_crop(count, augment.pad, augment.flip, generator)
    if augment.erase:
        made["rectangle"], made["noise"] = draw_erase(count, shape, augment.erase, generator)
    if augment.resized_crop:
        made["box"] = draw_box(count, size, augment.resized_crop, generator)
    plans = []
    if any(augment.color_jitter):
        plans.append(draw_jitter(count, augment.color_jitter, generator))
    if augment.trivial_augment:
        plans.append(draw_trivial(count, generator))
    if augment.rand_augment[0]:
        plans.append(draw_rand(count, size, augment.rand_augment, generator))
    if plans:
        made["operations"], made["magnitudes"] = (torch.cat(parts, dim=1) for parts in zip(*plans, strict=True))
    if augment.mixes:
        mix = draw_mix(count, size, augment.mixup, augment.cutmix, generator)
        made["partner"], made["share"], made["cut"] = mix
    return Draws(**made)
