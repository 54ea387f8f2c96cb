"""Widths that fill a budget: the structures of designs stay, their widths are solved for, many at a time."""

from __future__ import annotations

import numpy as np

from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.costs.budget import Budget
from featherbone.search.space.matrix import CHOICE, DEPTH, HEAD, STEM, WIDTH, column
from featherbone.search.space.space import Space

STEPS = 4  # multipliers told apart between one channel and the next
LARGEST_SHARE = 64  # of a width relative to the stem's, in the search for the multiplier


class Widths:
    """The widths that each place of a design may have: stem, stages, head, in this order.

    ``allowed[place]`` is (choices, most): the widths of each choice of the place, the last one repeated; ``nearest``
    is (choices, widest + 1): where among them the nearest to a wish stands, the narrower of two.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        plain = [tuple(range(4, space.widest + 1, 4))]
        lists = [plain, *([stage.widths_of(c, space.widest) for c in stage.choices] for stage in space.stages), plain]
        self.columns = [STEM, *(column(place, WIDTH) for place in range(len(space.stages))), HEAD]
        self.counts = [np.array([len(widths) for widths in each]) for each in lists]
        self.allowed = [np.array([(*w, *[w[-1]] * (max(map(len, each)) - len(w))) for w in each]) for each in lists]
        self.nearest = [np.array([_nearest(widths, space.widest) for widths in each]) for each in lists]

    def choices(self, rows: np.ndarray, place: int) -> np.ndarray:
        """Which list of allowed widths each row uses at a place; stem and head have one."""
        if 0 < place <= len(self.space.stages):
            return rows[:, column(place - 1, CHOICE)]
        return np.zeros(len(rows), dtype=np.int64)

    def present(self, rows: np.ndarray) -> np.ndarray:
        """Which places a row has, (designs, places): stages may be left out, and the head."""
        stages = [rows[:, column(place, DEPTH)] > 0 for place in range(len(self.space.stages))]
        return np.stack([np.ones(len(rows), dtype=bool), *stages, rows[:, HEAD] > 0], axis=1)

    def scaled(self, rows: np.ndarray, shares: np.ndarray, multiplier: np.ndarray) -> np.ndarray:
        """The rows with widths of ``multiplier`` (designs,) × ``shares`` (designs, places), to the nearest allowed."""
        wished = np.clip(np.rint(multiplier[:, None] * shares), 0, self.space.widest).astype(np.int64)
        changed, present = rows.copy(), self.present(rows)
        for place, where in enumerate(self.columns):
            choices = self.choices(rows, place)
            width = self.allowed[place][choices, self.nearest[place][choices, wished[:, place]]]
            changed[:, where] = np.where(present[:, place], width, 0)
        return changed

    def wider(self, rows: np.ndarray, places: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """The rows with one width each so many steps wider, or as wide as it may be."""
        changed = rows.copy()
        for place, where in enumerate(self.columns):
            mine = np.flatnonzero(places == place)
            choices, width = self.choices(rows[mine], place), rows[mine, where]
            now = self.nearest[place][choices, width]
            next_one = np.minimum(now + steps[mine], self.counts[place][choices] - 1)
            changed[mine, where] = self.allowed[place][choices, next_one]
        return changed


def filled(
    costs: SpaceCosts, widths: Widths, rows: np.ndarray, shares: np.ndarray, budget: Budget, rng: np.random.Generator
) -> np.ndarray:
    """The widest form of each row's structure that fits the budget, which its narrowest one must do.

    ``shares`` (designs, places) are the widths of stem, stages and head, relative to each other. Costs grow with every
    width, so their common multiplier is found by bisection; then single widths grow, in random order, while there is
    room. Every row that is returned has itself been found to fit.
    """
    low = np.zeros(len(rows), dtype=np.int64)
    high = np.full(len(rows), costs.space.widest * STEPS * LARGEST_SHARE)
    while (high - low > 1).any():
        middle = (low + high) // 2
        fits = costs.fits(widths.scaled(rows, shares, middle / STEPS), budget)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return _grown(costs, widths, widths.scaled(rows, shares, low / STEPS), budget, rng)


def _grown(costs: SpaceCosts, widths: Widths, rows: np.ndarray, budget: Budget, rng: np.random.Generator) -> np.ndarray:
    rows, steps = rows.copy(), widths.present(rows).astype(np.int64)  # doubled as long as there is room, 0 is full
    while (alive := np.flatnonzero(steps.any(axis=1))).size:
        place = np.argmax(np.where(steps[alive] > 0, rng.random(steps[alive].shape), -1), axis=1)
        step = steps[alive, place]
        tried = widths.wider(rows[alive], place, step)
        grew = (tried != rows[alive]).any(axis=1)
        grew[grew] = costs.fits(tried[grew], budget)
        rows[alive[grew]] = tried[grew]
        steps[alive, place] = np.where(grew, 2 * step, np.where(step > 1, 1, 0))
    return rows


def _nearest(allowed: tuple[int, ...], widest: int) -> np.ndarray:
    """For every wish from 0 to ``widest``, the place of the nearest allowed width."""
    middles = (np.array(allowed[1:]) + np.array(allowed[:-1])) / 2
    return np.searchsorted(middles, np.arange(widest + 1), side="left")
