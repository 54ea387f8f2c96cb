"""Random designs that fill a budget, without rejection: a structure is drawn, then its widths are solved for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from operator import mul
from random import Random

from featherbone.search.budget import Budget, Costs
from featherbone.search.design import Design, Stage
from featherbone.search.feasible import fitting
from featherbone.search.space import Space, Stages, StageSpace, assembled, stage_of
from featherbone.search.widths import filled

GROWTHS = 3  # widths tried for each structure; the one that uses most of all limits together is kept
REDRAWS = 50  # before a design that was drawn already ends the sample: the space is nearly used up


def sample(
    space: Space, budget: Budget, number: int, *, seed: int, cost: Callable[[Design], Costs]
) -> tuple[Design, ...]:
    """``number`` different designs of a space, each about as large as the budget allows; fewer where there are fewer.

    Half of them repeat one block in every stage, as most papers' networks do; in the others each stage draws its own.
    A structure that does not fit even at its narrowest gives way, stage by stage, to that of the smallest design. The
    n-th design depends on the seed and those before it only, so a larger sample begins with the smaller one.

    Raises:
        FeatherboneError: nothing in the space fits the budget.
    """
    least = fitting(space, budget, cost)
    found: dict[str, Design] = {}
    for place in range(number):
        for redraw in range(REDRAWS):
            rng = Random(f"{seed}/{place}/{redraw}")
            structure = _structure(space, least, budget, cost, rng)
            shares = [_shares(space, structure, rng) for _ in range(GROWTHS)]
            widened = [filled(structure, each, budget, widest=space.widest, cost=cost, rng=rng) for each in shares]
            design = max(widened, key=lambda design: sum(budget.uses(cost(design))))
            if str(design) not in found:
                found[str(design)] = design
                break
        else:
            break
    return tuple(found.values())


def _structure(space: Space, least: Stages, budget: Budget, cost: Callable[[Design], Costs], rng: Random) -> Design:
    """A random structure at its narrowest, where it fits the budget."""
    act, head = rng.choice(space.acts), rng.choice(space.heads) > 0
    everywhere = _block(space.stages[0], rng) if rng.random() < 0.5 else None
    stages: list[Stage | None] = []
    for stage in space.stages:
        block = everywhere if everywhere in stage.blocks else _block(stage, rng)
        depth, se = rng.choice(stage.depths), rng.choice(stage.se)
        stages.append(stage_of(block, depth=depth, stride=stage.stride, se=se) if depth else None)
    for place in [None, *rng.sample(range(len(stages)), len(stages))]:
        design = assembled(space, stages, act=act, head=head)
        if not budget.breaches(cost(design)):
            return design
        if place is None:
            head = head and 0 not in space.heads
        else:
            stages[place] = least[place]
    return assembled(space, least)


def _shares(space: Space, structure: Design, rng: Random) -> tuple[float, ...]:
    """Random widths for a structure, relative to the stem's: of the stem, the stages and the head."""
    growths = [rng.choice(stage.growth) for stage in space.stages[: len(structure.stages)]]
    head = [rng.choice([share for share in space.heads if share])] if structure.head else []
    return tuple(accumulate([1.0, *growths, *head], mul))


def _block(stage: StageSpace, rng: Random) -> str:
    """A block: first its kind, so that a kind with many settings is drawn no more often than one with few."""
    kind = rng.choice(sorted({block.split()[0] for block in stage.blocks}))
    return rng.choice([block for block in stage.blocks if block.split()[0] == kind])
