"""What an epoch trains on: how it is cut in steps, and its batches from any step on."""

from __future__ import annotations

import math
from collections.abc import Iterator

from torch import Tensor

from featherbone.data.batches import Batching, TensorFormat, batches
from featherbone.train.run.plan import Plan
from featherbone.train.run.randomness import data_generator


def equal_batches(count: int, batch_size: int) -> tuple[int, int]:
    """How many steps an epoch has, and how many images a step: equal, as many as `batch_size` allows, and at least two.

    >>> equal_batches(1000, 64)
    (16, 62)

    Batch norm has no use for a last batch of one image. Fewer than one image a step is left out, drawn anew each epoch.
    """
    steps = max(1, min(math.ceil(count / batch_size), count // 2))
    return steps, count // steps


def batch_of(plan: Plan) -> int:
    """Images in a batch, of all processes together."""
    return equal_batches(len(plan.dataset.splits["train"].labels), plan.recipe.batch_size)[1]


def steps_of(plan: Plan) -> int:
    """Steps in an epoch."""
    return equal_batches(len(plan.dataset.splits["train"].labels), plan.recipe.batch_size)[0]


def epoch_batches(plan: Plan, epoch: int, *, first: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of an epoch, counted from 1, from step `first` on: images (N, C, H, W) and their targets.

    A batch depends on the seed, the epoch and the step alone, and not on those before it. Of several processes each
    gets its share of every batch, changed as in one process.
    """
    split = plan.dataset.splits["train"]
    return batches(
        split,
        Batching(batch_size=batch_of(plan), shuffle=True, drop_last=True, first=first, part=plan.processes.part),
        TensorFormat(
            mean=plan.dataset.mean,
            std=plan.dataset.std,
            channels_last=plan.setting.channels_last,
            device=plan.device,
        ),
        generator=data_generator(plan.seed, epoch),
        augment=plan.recipe.augment,
        classes=len(plan.dataset.classes),
    )
