"""Widths that fill a budget: the structure of a design stays, its widths are solved for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from featherbone.search.budget import Budget, Costs
from featherbone.search.design import Design
from featherbone.search.kinds import KINDS

STEPS = 4  # multipliers told apart between one channel and the next


def multiples(design: Design) -> tuple[int, ...]:
    """What the widths of stem, stages and head must be multiples of."""
    stages = [KINDS[stage.kind].multiple(stage.ratio, stage.groups) for stage in design.stages]
    return (4, *stages, *([4] if design.head else []))


def widths_of(design: Design) -> tuple[int, ...]:
    """The widths of stem, stages and head."""
    return (
        design.stem.width,
        *(stage.width for stage in design.stages),
        *([design.head] if design.head else []),
    )


def with_widths(design: Design, widths: tuple[int, ...]) -> Design:
    """The design with other widths, in the order of ``widths_of``."""
    stem, *rest = widths
    stages = tuple(replace(stage, width=width) for stage, width in zip(design.stages, rest, strict=False))
    return replace(
        design, stem=replace(design.stem, width=stem), stages=stages, head=rest[-1] if design.head else design.head
    )


def scaled(design: Design, shares: tuple[float, ...], multiplier: float, widest: int) -> Design:
    """The design with widths of ``multiplier`` × their share, each rounded to what its block can have."""
    widths = tuple(
        min(max(round(multiplier * share / multiple), 1), max(widest // multiple, 1)) * multiple
        for share, multiple in zip(shares, multiples(design), strict=True)
    )
    return with_widths(design, widths)


def filled(
    design: Design,
    shares: tuple[float, ...],
    budget: Budget,
    *,
    widest: int,
    cost: Callable[[Design], Costs],
    rng: Random,
) -> Design:
    """The widest form of a design that fits the budget, which its narrowest one must do.

    ``shares`` are the widths of stem, stages and head, relative to each other. Costs grow with every width, so their
    common multiplier is found by bisection; then single widths grow, in random order, while there is room.
    """

    def fits(step: int) -> bool:
        return not budget.breaches(cost(scaled(design, shares, step / STEPS, widest)))

    low, high = 0, STEPS
    while fits(high) and high < widest * STEPS:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return _grown(scaled(design, shares, low / STEPS, widest), budget, widest=widest, cost=cost, rng=rng)


def _grown(design: Design, budget: Budget, *, widest: int, cost: Callable[[Design], Costs], rng: Random) -> Design:
    steps = multiples(design)
    strides = dict.fromkeys(range(len(steps)), 1)  # in steps; doubled as long as there is room for it
    while strides:
        place = rng.choice(list(strides))
        widths = list(widths_of(design))
        widths[place] += strides[place] * steps[place]
        wider = with_widths(design, tuple(widths))
        if widths[place] <= widest and not budget.breaches(cost(wider)):
            design = wider
            strides[place] *= 2
        elif strides[place] > 1:
            strides[place] = 1
        else:
            del strides[place]
    return design
