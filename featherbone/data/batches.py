"""Split → batches of tensors. No worker processes: the pixels are already decoded, so a batch is one gather."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from featherbone.data.augment import Augment, augmented
from featherbone.data.dataset import Split
from featherbone.errors import FeatherboneError

__all__ = ["Augment", "batches", "normalise"]


def batches(
    split: Split,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    batch_size: int,
    shuffle: bool,
    generator: torch.Generator,
    augment: Augment | None,
    drop_last: bool = False,
    channels_last: bool = True,
    first: int = 0,
) -> Iterator[tuple[Tensor, Tensor]]:
    """One pass over a split: float32 images (N, C, H, W), normalised, and int64 labels (N,).

    >>> from featherbone.data import open_dataset
    >>> digits = open_dataset("digits")
    >>> images, labels = next(batches(digits.splits["train"], mean=digits.mean, std=digits.std, batch_size=32,
    ...     shuffle=True, generator=torch.Generator().manual_seed(0), augment=Augment(pad=1)))
    >>> tuple(images.shape), labels.dtype
    ((32, 1, 8, 8), torch.int64)

    Every random draw comes from `generator`, a CPU one, so its state determines the batches. It gives the order and a
    seed; from it each batch has draws of its own, so that a pass can begin at batch `first` and goes on the same. Which
    images a batch holds is random under `shuffle`; within a batch they keep the order of the memory map, which is read
    front to back.

    Raises `FeatherboneError` for a batch size below 1.
    """
    if batch_size < 1:
        raise FeatherboneError(f"batch size is {batch_size}; it must be at least 1")
    count = len(split.labels)
    order = torch.randperm(count, generator=generator).numpy() if shuffle else np.arange(count)
    seed = int(torch.randint(2**62, (), generator=generator))
    for start in range(first * batch_size, count - batch_size + 1 if drop_last else count, batch_size):
        rows = np.sort(order[start : start + batch_size])
        images = normalise(split.images[rows], mean, std)
        if augment is not None:
            images = augmented(images, augment, torch.Generator().manual_seed(seed + start))
        if not channels_last:
            images = images.contiguous()
        yield images, torch.from_numpy(split.labels[rows])


def normalise(images_uint8: np.ndarray, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(v / 255 - mean) / std for each channel: uint8 (N, H, W, C) → float32 (N, C, H, W), channels_last in memory.

    >>> normalise(np.full((1, 1, 1, 1), 255, dtype=np.uint8), mean=[0.5], std=[0.25]).tolist()
    [[[[2.0]]]]
    """
    # A memory map is read-only, which torch warns about; its rows are copied here once.
    writable = images_uint8 if images_uint8.flags.writeable else images_uint8.copy()
    scale = torch.tensor([1 / (255 * s) for s in std], dtype=torch.float32)
    shift = torch.tensor([-m / s for m, s in zip(mean, std, strict=True)], dtype=torch.float32)
    return torch.from_numpy(writable).to(torch.float32).mul_(scale).add_(shift).permute(0, 3, 1, 2)
