"""Random structures of a space, all widths at their least: what is drawn first, and made to fit a budget."""

from __future__ import annotations

import numpy as np

from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.costs.budget import Budget
from featherbone.search.space.block_facts import facts
from featherbone.search.space.matrix import ACT, CHOICE, HEAD, RESOLUTION, STEM, WIDTH, column, columns
from featherbone.search.space.space import Space, StageSpace

WALK = 32  # changes that are tried on a structure which had to give way


class Structures:
    """Draws structures of a space: every kind of block as often, however many settings it has."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.narrowest = [
            np.array([stage.widths_of(choice, space.widest)[0] for choice in stage.choices]) for stage in space.stages
        ]
        self.odds = [_odds(stage) for stage in space.stages]
        # For each choice of the first stage, the same block in every other one, or -1.
        first = space.stages[0].choices
        self.same = [[_same(stage, choice) for choice in first] for stage in space.stages]

    def drawn(self, number: int, rng: np.random.Generator) -> np.ndarray:
        """So many rows. Half repeat one block in every stage, as most papers' networks do."""
        space = self.space
        rows = np.zeros((number, columns(space)), dtype=np.int64)
        rows[:, RESOLUTION] = rng.integers(len(space.resolutions), size=number)
        rows[:, ACT] = rng.integers(len(space.acts), size=number)
        rows[:, STEM] = 4
        for stage in range(len(space.stages)):
            self._draw_stage(rows, stage, rng)
        half = rng.random(number) < 0.5
        rows[half] = self.repeated(rows[half])
        rows[:, HEAD] = 4 * (np.array(space.heads)[rng.integers(len(space.heads), size=number)] > 0)
        return rows

    def repeated(self, rows: np.ndarray) -> np.ndarray:
        """The rows with the first stage's block in every stage that can have it."""
        rows = rows.copy()
        for stage in range(1, len(self.space.stages)):
            same = np.array(self.same[stage])[rows[:, column(0, CHOICE)]]
            self._put(rows, stage, np.where(same >= 0, same, rows[:, column(stage, CHOICE)]))
        return rows

    def mixed(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The rows with one block of whole convolutions in the early stages and a depthwise one in the late ones.

        What is early ends after a random stage that is not the last two's. Without both in the space they stay as they
        are. Kinds are drawn as often as each other.
        """
        first = self.space.stages[0]
        early = np.array([facts(choice.kind).whole and not choice.se for choice in first.choices]) * self.odds[0]
        late = np.array([facts(choice.kind).depthwise for choice in first.choices]) * self.odds[0]
        if not early.any() or not late.any() or len(self.space.stages) < 2:
            return rows
        rows, stages = rows.copy(), len(self.space.stages)
        blocks = [rng.choice(len(odds), size=len(rows), p=odds / odds.sum()) for odds in (early, late)]
        ends = rng.integers(1, max(2, stages - 1), size=len(rows))
        for stage in range(stages):
            same = np.array(self.same[stage])[np.where(stage < ends, *blocks)]
            self._put(rows, stage, np.where(same >= 0, same, rows[:, column(stage, CHOICE)]))
        return rows

    def fitted(
        self, costs: SpaceCosts, rows: np.ndarray, least: np.ndarray, budget: Budget, rng: np.random.Generator
    ) -> np.ndarray:
        """Rows that fit the budget: those that do not give way, part by part, to ``least``, which fits.

        From there they walk: parts are drawn again and again, and kept as they are wherever that fits. So a tight
        budget does not end in a crowd around the least.
        """
        rows = rows.copy()
        parts = 2 + len(self.space.stages)
        order = rng.permuted(np.tile(np.arange(parts), (len(rows), 1)), axis=1)
        unfit = np.flatnonzero(~costs.fits(rows, budget))
        moved = unfit
        for step in range(parts):
            for part in range(parts):
                mine = unfit[order[unfit, step] == part]
                rows[np.ix_(mine, self._columns(part))] = least[self._columns(part)]
            unfit = unfit[~costs.fits(rows[unfit], budget)]
        for _ in range(WALK if moved.size else 0):
            fresh, changed = self.drawn(len(moved), rng), rng.integers(parts, size=len(moved))
            tried = rows[moved]
            for part in range(parts):
                where = np.ix_(np.flatnonzero(changed == part), self._columns(part))
                tried[where] = fresh[where]
            fits = costs.fits(tried, budget)
            rows[moved[fits]] = tried[fits]
        return rows

    def _columns(self, part: int) -> np.ndarray:
        """The columns of resolution, head, or a stage."""
        if part < 2:
            return np.array([RESOLUTION, HEAD][part : part + 1])
        return np.arange(column(part - 2, CHOICE), column(part - 2, WIDTH) + 1)

    def _draw_stage(self, rows: np.ndarray, stage: int, rng: np.random.Generator) -> None:
        depths = np.array(self.space.stages[stage].depths)
        rows[:, column(stage, 1)] = depths[rng.integers(len(depths), size=len(rows))]
        self._put(rows, stage, rng.choice(len(self.odds[stage]), size=len(rows), p=self.odds[stage]))

    def _put(self, rows: np.ndarray, stage: int, choice: np.ndarray) -> None:
        """Set a stage's block, at its narrowest, where the stage is not left out."""
        present = rows[:, column(stage, 1)] > 0
        rows[:, column(stage, CHOICE)] = np.where(present, choice, 0)
        rows[:, column(stage, WIDTH)] = np.where(present, self.narrowest[stage][choice], 0)


def _odds(stage: StageSpace) -> np.ndarray:
    kinds = [choice.kind for choice in stage.choices]
    return np.array([1 / kinds.count(kind) / len(set(kinds)) for kind in kinds])


def _same(stage: StageSpace, choice: object) -> int:
    from dataclasses import replace

    wanted = replace(choice, stride=stage.stride, width=0)  # type: ignore[type-var]
    return next((place for place, other in enumerate(stage.choices) if replace(other, width=0) == wanted), -1)
