"""The learning-rate range test: raise the rate from step to step, watch the loss, and see where it falls fastest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from featherbone.data.dataset import Dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.train.machine.setting import Setting
from featherbone.train.optimize.objective import Objective, make_objective
from featherbone.train.recipe.recipe import Recipe
from featherbone.train.run.begin import begin
from featherbone.train.run.epochs import epoch_batches
from featherbone.train.run.execution import HERE, Execution
from featherbone.train.run.finite import NotFiniteError
from featherbone.train.run.plan import Plan
from featherbone.train.run.randomness import own_randomness
from featherbone.train.run.requirements import require_trainable
from featherbone.train.run.step import make_step
from featherbone.train.run.training import Report, TrainingProgress
from featherbone.train.transfer.freeze import frozen_nodes, hold

SMOOTHING = 0.9
WORSE = 4.0  # times the best smoothed loss so far: no use to go on


@dataclass(frozen=True, kw_only=True)
class RateRange:
    """The learning rates of a test: from `lowest` to `highest` in so many `steps`, by the same factor each.

    >>> [RateRange(lowest=0.01, highest=10.0, steps=10).rate(step) for step in (0, 9)]
    [0.01, 10.0]

    Raises `FeatherboneError` for a range that does not rise, or is too short to show anything.
    """

    lowest: float
    highest: float
    steps: int = 100

    def __post_init__(self) -> None:
        if not 0 < self.lowest < self.highest < math.inf:
            raise FeatherboneError(
                f"the range of learning rates is {self.lowest} to {self.highest}; it must rise, and begin above 0"
            )
        if self.steps < 10:
            raise FeatherboneError(
                f"a range test of {self.steps} steps shows nothing; it needs at least 10", hint="try 100"
            )

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        return self.lowest * math.pow(self.highest / self.lowest, step / (self.steps - 1))


RANGES = {  # by optimizer
    "sgd": RateRange(lowest=1e-4, highest=10.0),
    "adamw": RateRange(lowest=1e-6, highest=1.0),
    "rmsprop": RateRange(lowest=1e-5, highest=1.0),
}


@dataclass(frozen=True, kw_only=True)
class RangePoint:
    """One step of the test."""

    learning_rate: float
    loss: float
    smoothed: float  # exponential average of the losses, corrected for its beginning


@dataclass(frozen=True, kw_only=True)
class RangeTest:
    """What `find_learning_rate` saw; `points` are what a plot needs.

    >>> point = RangePoint(learning_rate=0.3, loss=2.0, smoothed=2.0)
    >>> RangeTest(points=(point,), suggestion=0.1, lowest_at=0.3, reason="the loss was lowest there").suggestion
    0.1
    """

    points: tuple[RangePoint, ...]
    suggestion: float
    lowest_at: float  # the rate at which the smoothed loss was lowest
    reason: str  # a sentence


def find_learning_rate(
    graph: Graph,
    dataset: Dataset,
    recipe: Recipe,
    *,
    seed: int = 0,
    weights: Mapping[str, Tensor] | None = None,
    objective: Objective | None = None,
    rates: RateRange | None = None,
    execution: Execution = HERE,
) -> RangeTest:
    """Train a copy for a hundred steps, each with a higher learning rate than the last (arXiv:1506.01186, section 3.3).

    >>> from featherbone.data import open_dataset
    >>> from featherbone.graph import image
    >>> graph = image(1, 8).conv(8, 3).norm().act("relu").flatten().linear(10).graph("tiny")
    >>> found = find_learning_rate(graph, open_dataset("digits"), Recipe(epochs=1))
    >>> 0.01 < found.suggestion < found.lowest_at
    True

    Everything is as in the recipe (optimizer, batch, augmentation, objective, frozen parts) but the learning rate,
    which rises by the same factor each step from the lowest of the `rates` to the highest, and stops where the loss is
    lost. Nothing is written, and no run is changed. Of the `execution`, only device, setting and progress have a use;
    each step is told with its `lr` and its `train_loss`.

    The suggestion is for the highest rate of a schedule that falls: a third of the rate at which the smoothed loss was
    lowest, which lags behind the loss itself.

    Raises `FeatherboneError` for a network that does not fit the data, a loss that never fell.
    """
    require_trainable(graph, dataset, recipe, 1)
    plan = Plan(
        graph=graph,
        dataset=dataset,
        recipe=recipe,
        seed=seed,
        setting=execution.setting or Setting(),
        device=execution.device,
    )
    objective = objective or make_objective(recipe, dataset)
    return _judged(_losses(plan, objective, weights, rates or RANGES[recipe.optimizer], execution.progress))


def _losses(
    plan: Plan,
    objective: Objective,
    weights: Mapping[str, Tensor] | None,
    rates: RateRange,
    progress: Report | None,
) -> list[RangePoint]:
    points: list[RangePoint] = []
    average = 0.0
    with own_randomness(plan.device):
        state = begin(plan, objective, weights)
        hold(state.network, frozen_nodes(plan.graph, plan.recipe), plan.recipe, 1)
        step = make_step(plan, state, objective, rates=lambda done: (rates.rate(done), plan.recipe.momentum))
        while len(points) < rates.steps:
            for batch in epoch_batches(plan, state.epoch, answers=objective.answers):
                rate = rates.rate(len(points))
                try:
                    loss = step(*batch)
                except NotFiniteError:
                    return points
                average = SMOOTHING * average + (1 - SMOOTHING) * loss
                point = RangePoint(
                    learning_rate=rate, loss=loss, smoothed=average / (1 - SMOOTHING ** (len(points) + 1))
                )
                points.append(point)
                if progress is not None:
                    metrics = {"lr": rate, "train_loss": loss}
                    told = TrainingProgress(epoch=1, epochs=1, step=len(points), steps=rates.steps, metrics=metrics)
                    progress(told)
                if len(points) == rates.steps or point.smoothed > WORSE * min(entry.smoothed for entry in points):
                    return points
            state.finish_epoch({})
    return points


def _judged(points: list[RangePoint]) -> RangeTest:
    best = min(points, key=lambda point: point.smoothed, default=None)
    if best is None or best is points[0] or best.smoothed > 0.98 * points[0].smoothed:
        tried = f"{points[0].learning_rate:g} to {points[-1].learning_rate:g}" if points else "the lowest rate"
        raise FeatherboneError(
            f"the loss never fell with learning rates from {tried}, so none can be suggested",
            hint="try a lower range, more steps, or look at the data",
        )
    suggestion = best.learning_rate / 3
    lost = points[-1].smoothed > (points[0].smoothed + best.smoothed) / 2  # more than half of what was gained
    end = f"{'was lost' if lost else 'not yet lost'} at {points[-1].learning_rate:.2g}"
    return RangeTest(
        points=tuple(points),
        suggestion=suggestion,
        lowest_at=best.learning_rate,
        reason=f"the loss was lowest ({best.smoothed:.3g}) at a learning rate of {best.learning_rate:.2g}, {end}; "
        f"a third of it is a safe highest rate",
    )
