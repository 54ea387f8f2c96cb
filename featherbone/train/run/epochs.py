"""What an epoch trains on: how it is cut in steps, and its batches from any step on."""

from __future__ import annotations

import math
from collections.abc import Iterator

from torch import Tensor

from featherbone.data.batches import Batching
from featherbone.train.optimize.objective import ViewAnswers
from featherbone.train.run.plan import Plan
from featherbone.train.run.randomness import data_generator
from featherbone.train.run.views import AugmentedView, view_at


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


def epoch_batches(
    plan: Plan, epoch: int, *, first: int = 0, answers: ViewAnswers | None = None
) -> Iterator[tuple[Tensor, ...]]:
    """The batches of an epoch, counted from 1, from step `first` on: images (N, C, H, W) and their targets.

    How an image is changed depends on the seed, the epoch and the image alone, and which batch it is in on the seed and
    the epoch. Of several processes each gets its share of every batch, changed as in one process. With `answers` there
    are as many views as these have, in turn, and what they say of each image is the batch's third tensor. They are made
    before this returns, not with the first batch.
    """
    view = _view(plan, epoch, answers)
    return view.batches(
        Batching(batch_size=batch_of(plan), shuffle=True, drop_last=True, first=first, part=plan.processes.part),
        generator=data_generator(plan.seed, epoch),
        beside=None if answers is None else answers.of(view, plan.device),
        channels_last=plan.setting.channels_last,
        device=plan.device,
    )


def said_of_answers(plan: Plan, epoch: int, answers: ViewAnswers | None) -> str:
    """A sentence where the answers for an epoch have to be made first, else an empty text."""
    return "" if answers is None else answers.said(_view(plan, epoch, answers))


def _view(plan: Plan, epoch: int, answers: ViewAnswers | None) -> AugmentedView:
    number = view_at(epoch, 0 if answers is None else answers.views)
    return AugmentedView(dataset=plan.dataset, augment=plan.recipe.augment, seed=plan.seed, number=number)
