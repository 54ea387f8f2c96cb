"""Whether anything in a space fits a budget: asked before any training, answered with the constraint that binds."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from featherbone.errors import FeatherboneError
from featherbone.search.budget import UNITS, Budget, Costs, describe, flag
from featherbone.search.design import Design
from featherbone.search.space import Space, Stages, assembled, least_choices


def fitting(space: Space, budget: Budget, cost: Callable[[Design], Costs]) -> Stages:
    """The stages of the design that uses the least of the budget: the proof that something fits.

    Raises:
        FeatherboneError: nothing fits; with the limits that bind and the smallest costs, and the nearest budget that
            works as its hint.
    """
    least = smallest(space, budget.use, cost)
    costs = cost(assembled(space, least))
    if budget.breaches(costs):
        raise _refusal(space, budget, costs, cost)
    return least


def smallest(space: Space, measure: Callable[[Costs], float], cost: Callable[[Design], Costs]) -> Stages:
    """The stages of the design with the least ``measure``, at the smallest widths of their blocks.

    One stage at a time is exchanged for the best of its choices, until that helps no more.
    """
    choices = [least_choices(stage) for stage in space.stages]
    chosen = [stages[0] for stages in choices]

    def standing(stages: Stages) -> tuple[float, int]:
        costs = cost(assembled(space, stages))
        return measure(costs), costs.macs + costs.params

    best = standing(chosen)
    improved = True
    while improved:
        improved = False
        for place, stages in enumerate(choices):
            for stage in stages:
                trial = [*chosen[:place], stage, *chosen[place + 1 :]]
                if (found := standing(trial)) < best:
                    best, chosen, improved = found, trial, True
    return chosen


def _refusal(space: Space, budget: Budget, costs: Costs, cost: Callable[[Design], Costs]) -> FeatherboneError:
    """The refusal: which limits bind, and a budget that ``costs``, those of the smallest design, would meet."""
    limits = budget.limits()
    least = {name: getattr(cost(assembled(space, smallest(space, attrgetter(name), cost))), name) for name in limits}
    reasons = [
        f"{UNITS[name]} are limited to {limit}, the smallest design has {least[name]}"
        for name, limit in limits.items()
        if least[name] > limit
    ]
    together = describe({name: getattr(costs, name) for name in limits})
    nearest = " ".join(flag(name, max(limit, getattr(costs, name))) for name, limit in limits.items())
    return FeatherboneError(
        f"nothing in the space {space.name} fits the budget at {space.resolution}×{space.resolution} pixels: "
        + (" and ".join(reasons) or f"each limit can be met alone, but the smallest design has {together}"),
        hint=f"the nearest budget that works is {nearest}",
    )
