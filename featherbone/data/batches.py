"""Split → batches of tensors. No worker processes: the pixels are already decoded, so a batch is one gather."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from featherbone.data.ahead import ReadAhead
from featherbone.data.augment import Augment, Draws, change_images, change_pixels, draw, mixed
from featherbone.data.cut import cut_pixels, cut_rows
from featherbone.data.dataset import Split
from featherbone.errors import FeatherboneError

__all__ = ["Augment", "Batching", "TensorFormat", "batches", "normalise", "shape_of"]


@dataclass(frozen=True, kw_only=True)
class TensorFormat:
    """How images become tensors: minus the mean, over the standard deviation of each channel, where and how they lie.

    >>> TensorFormat(mean=(0.5,), std=(0.25,)).device
    'cpu'

    They are normalised and augmented on the `device`, and stay there.
    """

    mean: Sequence[float]
    std: Sequence[float]
    channels_last: bool = True
    device: str = "cpu"


@dataclass(frozen=True, kw_only=True)
class Batching:
    """How a pass cuts a split in batches.

    >>> Batching(batch_size=32, shuffle=True).part
    (0, 1)

    - `shuffle`: which images a batch holds is random.
    - `drop_last`: a last batch of fewer images is left out.
    - `first`: the batch that the pass begins with.
    - `part`: this process's number and how many there are; each gets every so-manieth image of every batch, changed as
      it would be in one process.

    Raises `FeatherboneError` for a batch size below 1.
    """

    batch_size: int
    shuffle: bool = False
    drop_last: bool = False
    first: int = 0
    part: tuple[int, int] = (0, 1)

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise FeatherboneError(f"batch size is {self.batch_size}; it must be at least 1")


def batches(
    split: Split,
    batching: Batching,
    form: TensorFormat,
    *,
    generator: torch.Generator,
    augment: Augment | None = None,
    drawn: Draws | None = None,
    beside: Callable[[np.ndarray], Tensor] | None = None,
    classes: int | None = None,
) -> Iterator[tuple[Tensor, ...]]:
    """One pass over a split: float32 images (N, C, H, W), normalised, and int64 labels (N,).

    >>> from featherbone.data import open_dataset
    >>> digits = open_dataset("digits")
    >>> batching, form = Batching(batch_size=32, shuffle=True), TensorFormat(mean=digits.mean, std=digits.std)
    >>> random = torch.Generator().manual_seed(0)
    >>> images, labels = next(batches(digits.splits["train"], batching, form, generator=random, augment=Augment(pad=1)))
    >>> tuple(images.shape), labels.dtype
    ((32, 1, 8, 8), torch.int64)

    Every random draw comes from `generator`, a CPU one, so its state determines the batches. It gives the order, and
    then, unless they are given as `drawn`, the changes of all images, a row an image in the order of the split: how an
    image is changed depends neither on the batch that it comes in nor on its place there, and a pass can begin at any
    batch and goes on the same. Within a batch images keep the order of the memory map, which is read front to back.

    With mixup or CutMix the partner of an image is any image of the split, changed by its own draw, and the labels
    become float32 targets (N, `classes`); unless given, the labels of the split end at `classes` - 1. What `beside`
    makes of the numbers that a batch's images have in the split is its third tensor.
    """
    batch_size, first, part = batching.batch_size, batching.first, batching.part
    count = len(split.labels)
    order = torch.randperm(count, generator=generator).numpy() if batching.shuffle else np.arange(count)
    augment = augment or Augment()
    if drawn is None:
        drawn = draw(augment, count=count, shape=shape_of(split), generator=generator)
    classes = classes or int(split.labels.max(initial=0)) + 1
    source = _Source(split=split, form=form, augment=augment, drawn=drawn, classes=classes)
    last = count // batch_size if batching.drop_last else -(-count // batch_size)

    def rows_of(number: int) -> np.ndarray:
        return np.sort(order[number * batch_size : (number + 1) * batch_size])[part[0] :: part[1]]

    ahead = ReadAhead(split.images, lambda number: source.read_for(rows_of(number)) if number < last else None)
    ahead(first - 1)
    for number in range(first, last):
        rows = rows_of(number)
        images, targets = source.batch(rows)
        others = () if beside is None else (beside(rows),)
        ahead(number)
        yield images if form.channels_last else images.contiguous(), targets, *others


def shape_of(split: Split) -> tuple[int, int, int]:
    """Channels, height and width of the images of a split."""
    _, height, width, channels = split.images.shape
    return channels, height, width


@dataclass(frozen=True, kw_only=True)
class _Source:
    """The images of a split, each with its draw."""

    split: Split
    form: TensorFormat
    augment: Augment
    drawn: Draws
    classes: int

    def read_for(self, rows: np.ndarray) -> np.ndarray:
        """The images that a batch of these needs, in rising order."""
        return rows if self.drawn.partner is None else np.union1d(rows, self.drawn.partner[rows].numpy())

    def batch(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Images and their targets."""
        drawn = self.drawn.rows(torch.from_numpy(rows))
        if drawn.partner is None or drawn.share is None or drawn.cut is None:
            return self._changed(rows, drawn), self._labels(rows)
        both = np.concatenate([rows, drawn.partner.numpy()])
        images, others = self._changed(both, self.drawn.rows(torch.from_numpy(both))).chunk(2)
        labels, other_labels = self._labels(both).chunk(2)
        return mixed(images, labels, others, other_labels, share=drawn.share, boxes=drawn.cut, classes=self.classes)

    def _labels(self, rows: np.ndarray) -> Tensor:
        return torch.from_numpy(self.split.labels[rows]).to(self.form.device, non_blocking=True)

    def _changed(self, rows: np.ndarray, drawn: Draws) -> Tensor:
        """Some images, normalised and changed by these draws."""
        source, border, form = self.split.images, self.augment.pad, self.form
        at_once = drawn.crop if drawn.affine is None else None  # else what is turned is cut and mirrored after it
        rest = drawn if at_once is None else replace(drawn, crop=None)
        if form.device == "cpu" and drawn.box is None and drawn.operations is None:
            images = cut_rows(source, rows, form.mean, form.std, at_once, border=border)
        else:
            pixels = torch.from_numpy(source[rows]).to(form.device, non_blocking=True).permute(0, 3, 1, 2)
            fill = torch.tensor([round(255 * value) for value in form.mean], dtype=torch.uint8)
            pixels = change_pixels(pixels, drawn, fill=fill)
            images = cut_pixels(pixels, form.mean, form.std, at_once, border=border)
        return change_images(images, self.augment, rest)


def normalise(images_uint8: np.ndarray, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(v / 255 - mean) / std for each channel: uint8 (N, H, W, C) → float32 (N, C, H, W), channels_last in memory.

    >>> normalise(np.full((1, 1, 1, 1), 255, dtype=np.uint8), mean=[0.5], std=[0.25]).tolist()
    [[[[2.0]]]]
    """
    # A memory map is read-only, which torch warns about; its rows are copied here once.
    writable = images_uint8 if images_uint8.flags.writeable else images_uint8.copy()
    return cut_pixels(torch.from_numpy(writable).permute(0, 3, 1, 2), mean, std)
