"""The training images as an epoch shows them, each changed by a draw of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from featherbone.data.augment import Augment, Draws, draw
from featherbone.data.batches import Batching, TensorFormat, batches, shape_of
from featherbone.data.dataset import Dataset
from featherbone.train.run.randomness import view_generator

RowsBeside = Callable[[np.ndarray], Tensor]  # numbers of images → a row for each


@dataclass(frozen=True, kw_only=True)
class AugmentedView:
    """All training images of a data set, changed as `augment` says and view `number` of a seed has drawn it.

    >>> from featherbone.data import open_dataset
    >>> view = AugmentedView(dataset=open_dataset("digits"), augment=Augment(pad=1), seed=0, number=1)
    >>> small, large = (view.batches(Batching(batch_size=size)) for size in (2, 8))
    >>> next(small)[0].equal(next(large)[0][:2])
    True

    What becomes of an image follows from seed, number and image alone: order and size of the batches, the network and
    the number of processes have no part in it.
    """

    dataset: Dataset
    augment: Augment
    seed: int
    number: int

    @cached_property
    def drawn(self) -> Draws:
        """The draws, a row for each training image."""
        split = self.dataset.splits["train"]
        generator = view_generator(self.seed, self.number)
        return draw(self.augment, count=len(split.labels), shape=shape_of(split), generator=generator)

    def batches(
        self,
        batching: Batching,
        *,
        generator: torch.Generator | None = None,
        beside: RowsBeside | None = None,
        channels_last: bool = True,
        device: str = "cpu",
    ) -> Iterator[tuple[Tensor, ...]]:
        """A pass over the view, as `featherbone.data.batches`; the `generator` gives the order, and that alone."""
        dataset = self.dataset
        return batches(
            dataset.splits["train"],
            batching,
            TensorFormat(mean=dataset.mean, std=dataset.std, channels_last=channels_last, device=device),
            generator=generator or torch.Generator(),
            augment=self.augment,
            drawn=self.drawn,
            beside=beside,
            classes=len(dataset.classes),
        )


def view_at(epoch: int, views: int) -> int:
    """The number of the view that an epoch sees, both counted from 1; with so many in turn, or with 0 ever new ones.

    >>> [view_at(epoch, 2) for epoch in (1, 2, 3)], view_at(3, 0)
    ([1, 2, 1], 3)
    """
    return 1 + (epoch - 1) % views if views else epoch
