"""The learning-rate range test: raise the rate from step to step, watch the loss, and see where it falls fastest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
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
from featherbone.train.run.finite import NotFiniteError
from featherbone.train.run.plan import Plan
from featherbone.train.run.randomness import own_randomness
from featherbone.train.run.requirements import require_trainable
from featherbone.train.run.step import make_step
from featherbone.train.transfer.freeze import frozen_nodes, hold

STEPS = 100
LOWEST, HIGHEST = {"sgd": 1e-4, "adamw": 1e-6, "rmsprop": 1e-5}, {"sgd": 10.0, "adamw": 1.0, "rmsprop": 1.0}
SMOOTHING = 0.9
WORSE = 4.0  # times the best smoothed loss so far: no use to go on


@dataclass(frozen=True, kw_only=True)
class RangePoint:
    """One step of the test."""

    learning_rate: float
    loss: float
    smoothed: float  # exponential average of the losses, corrected for its beginning


@dataclass(frozen=True, kw_only=True)
class RangeTest:
    """What `find_learning_rate` saw; `points` are what a plot needs."""

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
    lowest: float | None = None,
    highest: float | None = None,
    steps: int = STEPS,
    weights: Mapping[str, Tensor] | None = None,
    objective: Objective | None = None,
    setting: Setting | None = None,
    device: str = "cpu",
    progress: Callable[[RangePoint], None] | None = None,
) -> RangeTest:
    """Train a copy for `steps` steps, each with a higher learning rate than the last (arXiv:1506.01186, section 3.3).

    >>> from featherbone.data import open_dataset
    >>> from featherbone.graph import image
    >>> graph = image(1, 8).conv(8, 3).norm().act("relu").flatten().linear(10).graph("tiny")
    >>> found = find_learning_rate(graph, open_dataset("digits"), Recipe(epochs=1))
    >>> 0.01 < found.suggestion < found.lowest_at
    True

    Everything is as in the recipe (optimizer, batch, augmentation, objective, frozen parts) but the learning rate,
    which rises by the same factor each step from `lowest` to `highest`, and stops where the loss is lost. Nothing is
    written, and no run is changed.

    The suggestion is for the highest rate of a schedule that falls: a third of the rate at which the smoothed loss was
    lowest, which lags behind the loss itself.

    Raises `FeatherboneError` for a range that is none, a network that does not fit the data, a loss that never fell.
    """
    first = LOWEST[recipe.optimizer] if lowest is None else lowest
    last = HIGHEST[recipe.optimizer] if highest is None else highest
    if not 0 < first < last < math.inf:
        raise FeatherboneError(f"the range of learning rates is {first} to {last}; it must rise, and begin above 0")
    if steps < 10:
        raise FeatherboneError(f"a range test of {steps} steps shows nothing; it needs at least 10", hint="try 100")
    require_trainable(graph, dataset, recipe, 1)
    plan = Plan(graph=graph, dataset=dataset, recipe=recipe, seed=seed, setting=setting or Setting(), device=device)
    losses = _losses(plan, objective or make_objective(recipe, dataset), weights, first, last, steps, progress)
    return _judged(losses)


def _losses(
    plan: Plan,
    objective: Objective,
    weights: Mapping[str, Tensor] | None,
    first: float,
    last: float,
    steps: int,
    progress: Callable[[RangePoint], None] | None,
) -> list[RangePoint]:
    rates = [first * (last / first) ** (step / (steps - 1)) for step in range(steps)]
    points: list[RangePoint] = []
    average = 0.0
    with own_randomness(plan.device):
        state = begin(plan, objective, weights)
        hold(state.network, frozen_nodes(plan.graph, plan.recipe), plan.recipe, 1)
        step = make_step(plan, state, objective, rates=lambda done: (rates[done], plan.recipe.momentum))
        while len(points) < steps:
            for images, targets in epoch_batches(plan, state.epoch):
                rate = rates[len(points)]
                try:
                    loss = step(images, targets)
                except NotFiniteError:
                    return points
                average = SMOOTHING * average + (1 - SMOOTHING) * loss
                point = RangePoint(
                    learning_rate=rate, loss=loss, smoothed=average / (1 - SMOOTHING ** (len(points) + 1))
                )
                points.append(point)
                if progress is not None:
                    progress(point)
                if len(points) == steps or point.smoothed > WORSE * min(entry.smoothed for entry in points):
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
