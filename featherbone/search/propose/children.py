"""New designs out of known ones: one part changed, or two of them crossed; their widths fill the budget again."""

from __future__ import annotations

import numpy as np

from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.costs.budget import Budget
from featherbone.search.costs.feasible import fitting
from featherbone.search.draw.structures import Structures
from featherbone.search.draw.widths import Widths, filled
from featherbone.search.space.matrix import ACT, CHOICE, DEPTH, HEAD, RESOLUTION, STEM, WIDTH, column

CROSSED = 1 / 3  # of the children have two parents
JITTER = 0.25  # of the logarithm of each width, before the whole is scaled to the budget


class Changes:
    """Children of the designs of one space."""

    def __init__(self, costs: SpaceCosts, budget: Budget) -> None:
        self._costs, self._budget = costs, budget
        self._structures, self._widths = Structures(costs.space), Widths(costs.space)
        self._least = fitting(costs, budget)

    def children(self, parents: np.ndarray, number: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """So many rows that fit the budget, and their parents' places, (number, 2); the second is -1 without one.

        A child takes one or two parts (a stage or its depth, the head, the activation, the resolution) from a fresh
        draw, or every stage after a random one from its second parent. Its widths keep the parents' proportions, a
        little moved.
        """
        first = rng.integers(len(parents), size=number)
        second = np.where(rng.random(number) < CROSSED, rng.integers(len(parents), size=number), -1)
        second = np.where(second == first, -1, second)
        rows, fresh = parents[first].copy(), self._structures.drawn(number, rng)
        self._cross(rows, parents, second, rng)
        alone = np.flatnonzero(second < 0)
        for again in (np.ones(len(alone), dtype=bool), rng.random(len(alone)) < 0.5):
            self._change(rows, fresh, alone[again], rng)
        shares = self._shares(rows, rng)
        rows = self._structures.fitted(self._costs, self._narrowest(rows), self._least, self._budget, rng)
        rows = filled(self._costs, self._widths, rows, shares, self._budget, rng)
        return rows, np.stack([first, second], axis=1)

    def _cross(self, rows: np.ndarray, parents: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> None:
        stages = len(self._costs.space.stages)
        cut = rng.integers(1, max(stages, 2), size=len(rows))
        for place in range(stages):
            mine = np.flatnonzero((second >= 0) & (cut <= place))
            columns = np.arange(column(place, CHOICE), column(place, WIDTH) + 1)
            rows[np.ix_(mine, columns)] = parents[np.ix_(second[mine], columns)]

    def _change(self, rows: np.ndarray, fresh: np.ndarray, which: np.ndarray, rng: np.random.Generator) -> None:
        stages = len(self._costs.space.stages)
        part = rng.integers(-2, 2 * stages, size=len(which))  # a stage is changed more often than all else together
        for place in range(stages):
            mine = which[part == 2 * place]
            deep = column(place, DEPTH)
            both = mine[(rows[mine, deep] > 0) & (fresh[mine, deep] > 0)]  # one that comes or goes is another stage
            rows[both, deep] = fresh[both, deep]
            mine = which[part == 2 * place + 1]
            columns = np.arange(column(place, CHOICE), column(place, WIDTH) + 1)
            rows[np.ix_(mine, columns)] = fresh[np.ix_(mine, columns)]
        rest = which[part < 0]
        one = rng.choice(np.array([HEAD, ACT, RESOLUTION]), size=len(rest))
        rows[rest, one] = fresh[rest, one]

    def _shares(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The widths of stem, stages and head in proportion; where there is none yet, that of what stands before."""
        shares = np.maximum(rows[:, self._widths.columns], 0).astype(float)
        for place in range(1, shares.shape[1]):
            missing = shares[:, place] <= 4
            shares[missing, place] = np.maximum(shares[missing, place - 1], 4)
        return np.asarray(shares * np.exp(JITTER * rng.standard_normal(shares.shape)) / shares[:, :1])

    def _narrowest(self, rows: np.ndarray) -> np.ndarray:
        rows = rows.copy()
        rows[:, STEM] = 4
        rows[:, HEAD] = np.where(rows[:, HEAD] > 0, 4, 0)
        return self._widths.scaled(rows, np.zeros((len(rows), len(self._widths.columns))), np.zeros(len(rows)))
