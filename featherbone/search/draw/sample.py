"""Random designs that fill a budget, without rejection: structures that fit are drawn, then their widths solved for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

import numpy as np

from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.costs.budget import Budget
from featherbone.search.costs.feasible import fitting
from featherbone.search.draw.structures import Structures
from featherbone.search.draw.widths import Widths, filled
from featherbone.search.space.design import Design
from featherbone.search.space.matrix import DEPTH, column, decode
from featherbone.search.space.space import Space

BATCH = 256  # designs drawn together
GROWTHS = 3  # widths tried for each structure; the one that uses most of all limits together is kept
IDLE = 8  # batches in a row without anything new: the space is nearly used up


def sample(costs: SpaceCosts, budget: Budget, number: int, *, seed: int) -> tuple[Design, ...]:
    """``number`` different designs of a space, each about as large as the budget allows; fewer where there are fewer.

    >>> from featherbone.search.space.named import named_space
    >>> costs = SpaceCosts(named_space("light", (8,)), classes=10, channels=1)
    >>> designs = sample(costs, Budget(macs=300_000, params=20_000), 100, seed=0)
    >>> len(set(designs)), int(max(costs.of(designs).macs)) <= 300_000
    (100, True)

    Half of them repeat one block in every stage, as most papers' networks do; in the others each stage draws its own.
    A structure that does not fit even at its narrowest is changed until it does. The n-th design depends on the seed
    and those before it only, so a larger sample begins with the smaller one.

    Raises:
        FeatherboneError: nothing in the space fits the budget.
    """
    return tuple(islice(designs_of(costs, budget, seed=seed), number))


def designs_of(costs: SpaceCosts, budget: Budget, *, seed: int) -> Iterator[Design]:
    """The designs of ``sample`` one after the other, until nothing new is found for long."""
    least = fitting(costs, budget)
    structures, widths = Structures(costs.space), Widths(costs.space)
    found: set[Design] = set()
    idle = 0
    for batch in count():
        rng = np.random.default_rng((seed, batch))
        rows = structures.fitted(costs, structures.drawn(BATCH, rng), least, budget, rng)
        rows = np.repeat(rows, GROWTHS, axis=0)
        rows = filled(costs, widths, rows, _shares(costs.space, rows, rng), budget, rng)
        used = costs.uses(rows, budget).sum(axis=0).reshape(-1, GROWTHS)
        best = np.argmax(used, axis=1) + GROWTHS * np.arange(BATCH)
        new = [design for design in dict.fromkeys(decode(costs.space, rows[best])) if design not in found]
        found.update(new)
        yield from new
        idle = 0 if new else idle + 1
        if idle == IDLE:
            return


def _shares(space: Space, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random widths of stem, stages and head, relative to the stem's; what is left out does not widen what follows."""
    number = len(rows)
    shares = [np.ones(number)]
    for place, stage in enumerate(space.stages):
        growth = np.array(stage.growth, dtype=float)[rng.integers(len(stage.growth), size=number)]
        shares.append(shares[-1] * np.where(rows[:, column(place, DEPTH)] > 0, growth, 1))
    wide = np.array([share for share in space.heads if share > 0] or [1], dtype=float)
    return np.stack([*shares, shares[-1] * wide[rng.integers(len(wide), size=number)]], axis=1)
