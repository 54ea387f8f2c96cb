"""The design of a space that uses least of a budget, exactly: the proof that something fits, or that nothing does.

Costs add up over the parts of a network (of memory, the largest part counts), and what a part costs depends on the
channels and the side that it gets, so that the best way from any such state to the end can be found backwards, one
limit at a time (Bellman 1957). For several limits at once, partial designs are extended forwards; one is given up where
another in the same state has no more of anything, or where the least that must follow already makes it worse than the
best design known. What is left at the end holds the optimum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from featherbone.quantities import DESIGNED
from featherbone.search.costs.batch import SpaceCosts, amounts
from featherbone.search.costs.budget import Budget
from featherbone.search.costs.partial_designs import Labels, combined
from featherbone.search.draw.structures import Structures
from featherbone.search.space.block_kinds import CASES, case_of
from featherbone.search.space.matrix import CHOICE, HEAD, RESOLUTION, STEM, WIDTH, column, columns

DRAWN = 1024  # structures among which the best known design is looked for first
SLACK = 1e-9  # of rounding in shares


@dataclass(frozen=True, kw_only=True)
class Least:
    """The row of the design that uses least of a budget, and what each limited cost is at least, alone."""

    row: np.ndarray
    alone: dict[str, int]


def cheapest_known(costs: SpaceCosts, budget: Budget) -> np.ndarray:
    """A row that uses little of the budget: the best of many drawn structures at their narrowest."""
    rows = Structures(costs.space).drawn(DRAWN, np.random.default_rng(0))
    shares = costs.counted_uses(rows, budget)
    used = shares.max(axis=0) if len(shares) else costs.of_rows(rows).macs  # only latency is limited
    best: np.ndarray = rows[np.argmin(used)]
    return best


def least(costs: SpaceCosts, budget: Budget) -> Least:
    """The design with the smallest share of the limit that it uses most, of all designs of the space.

    Among equals it is the one with the smallest sum of shares. A latency limit is not looked at.
    """
    return _Search(costs, budget).result()


class _Search:
    """One search; ``limits`` are the tables' numerators, so that everything compared is a whole number."""

    def __init__(self, costs: SpaceCosts, budget: Budget) -> None:
        self.costs, self.space, self.tables = costs, costs.space, costs.tables
        self.names = [name for name in DESIGNED if name in budget.limits()]
        self.adds = np.array([name != "peak_memory" for name in self.names])
        head = np.array([costs.file_head if "size" in name else 0 for name in self.names])
        self.limits = np.array([budget.limits()[name] for name in self.names], dtype=float)
        self.start = head.astype(float) * self.tables.denominator
        self.limits *= self.tables.denominator
        self.grid = np.arange(4, self.space.widest + 1, 4)
        self.bound = float(costs.counted_uses(cheapest_known(costs, budget)[None], budget).max()) + SLACK
        self.options = [
            [
                (choice, min(depth for depth in stage.depths if depth), stage.widths_of(each, self.space.widest))
                for choice, each in enumerate(stage.choices)
            ]
            for stage in self.space.stages
        ]
        self.floors = [self._floor(place) for place in range(len(self.space.stages))]
        self.after = self._backwards()

    def result(self) -> Least:
        labels = [self._stems()]
        for place in range(len(self.space.stages)):
            labels.append(self._extended(place, labels[-1]))
        finals = self._heads(labels[-1])
        shares = finals.values / self.limits
        best = np.lexsort((shares.sum(axis=1), np.round(shares.max(axis=1), 12)))[0]
        row = np.zeros(columns(self.space), dtype=np.int64)
        row[HEAD], at = finals.made[best, 0], finals.parent[best]
        for place in range(len(self.space.stages) - 1, -1, -1):
            row[column(place, CHOICE) : column(place, WIDTH) + 1] = labels[place + 1].made[at]
            at = labels[place + 1].parent[at]
        row[RESOLUTION], row[STEM] = labels[0].made[at, :2]
        return Least(row=row, alone=self._alone())

    def _alone(self) -> dict[str, int]:
        first = self._stems(bounded=False)
        ends = self._join(first.values, self.after[0][:, first.side, first.width].T)
        return {
            name: int(value / self.tables.denominator) for name, value in zip(self.names, ends.min(axis=0), strict=True)
        }

    def _join(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Costs of two parts together, along the last axis: sums, and the larger for memory."""
        return np.asarray(np.where(self.adds, left + right, np.maximum(left, right)))

    def _join_first(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.moveaxis(self._join(np.moveaxis(left, 0, -1), np.moveaxis(right, 0, -1)), -1, 0)

    def _cost(self, place: int, side: int, choice: int, depth: int, m: np.ndarray, n: np.ndarray) -> np.ndarray:
        table = self.tables.stages[place]
        row = ((side * table.choices + choice) * table.depths + depth) * CASES
        index = row + case_of(m, n, int(table.groups[choice]))
        return amounts(table, index, m.astype(float), n.astype(float), self.names)

    def _floor(self, place: int) -> np.ndarray:
        """The least that the stage adds, limit by limit, (limits, sides, channels in, channels out)."""
        size, sides = len(self.grid), len(self.tables.following[place + 1])
        floor = np.full((len(self.names), sides, size, size), np.inf)
        for choice, depth, widths in self.options[place]:
            out = np.array(widths)
            m, n = (each.ravel() for each in np.meshgrid(self.grid, out, indexing="ij"))
            for side in range(sides):
                cost = self._cost(place, side, choice, depth, m, n).reshape(-1, size, len(out))
                where = out // 4 - 1
                floor[:, side, :, where] = np.minimum(floor[:, side, :, where], np.moveaxis(cost, 2, 0))
        return floor

    def _backwards(self) -> list[np.ndarray]:
        """What must at least follow, limit by limit, (limits, sides, channels), before each stage and the head."""
        table, sides, size = self.tables.head, self._sides(len(self.space.stages)), len(self.grid)
        wide = [int(share > 0) for share in self.space.heads]
        ends = np.full((len(self.names), sides, size), np.inf)
        for side in range(sides):
            for head in set(wide):
                index = np.full(size, side * table.choices + head)
                cost = amounts(table, index, self.grid.astype(float), np.full(size, 4.0 * head), self.names)
                ends[:, side] = np.minimum(ends[:, side], cost)
        after = [ends]
        for place in range(len(self.space.stages) - 1, -1, -1):
            following = self.tables.following[place + 1]
            here = self._join_first(self.floors[place], after[0][:, following[:, 1], None, :]).min(axis=3)
            if 0 in self.space.stages[place].depths:
                here = np.minimum(here, after[0][:, following[:, 0], :])
            after.insert(0, here)
        return after

    def _sides(self, place: int) -> int:
        """How many sides the input of a stage, or of the head, may have."""
        return int(self.tables.following[place].max()) + 1

    def _kept(self, values: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Which partial designs may still be better than the best known one."""
        kept: np.ndarray = np.all(self._join(values, after) <= self.bound * self.limits, axis=-1)
        return kept

    def _stems(self, *, bounded: bool = True) -> Labels:
        table, size = self.tables.stem, len(self.grid)
        number = np.repeat(np.arange(len(self.space.resolutions)), size)
        width = np.tile(np.arange(size), len(self.space.resolutions))
        n = self.grid[width].astype(float)
        values = self._join(self.start, amounts(table, number, n, n, self.names).T)
        side = self.tables.following[0][number, 1]
        made = np.stack([number, self.grid[width], np.zeros_like(number)], axis=1)
        found = Labels(values=values, side=side, width=width, parent=number, made=made)
        return found.only(self._kept(values, self.after[0][:, side, width].T)).front() if bounded else found

    def _extended(self, place: int, labels: Labels) -> Labels:
        following, after = self.tables.following[place + 1], self.after[place + 1]
        found = []
        for side, width in sorted(set(zip(labels.side.tolist(), labels.width.tolist(), strict=True))):
            mine = np.flatnonzero((labels.side == side) & (labels.width == width))
            values, m = labels.values[mine], self.grid[width]
            lowest, there = values.min(axis=0), int(following[side, 1])
            near = self._kept(self._join(lowest, self.floors[place][:, side, width].T), after[:, there].T)
            for choice, depth, widths in self.options[place]:
                out = np.array([each for each in widths if near[each // 4 - 1]], dtype=np.int64)
                cost = self._cost(place, side, choice, depth, np.full(len(out), m), out).T
                found.append(combined(self._join(values[:, None], cost[None]), there, out, mine, choice, depth))
            if 0 in self.space.stages[place].depths:
                absent = int(following[side, 0])
                found.append(combined(values[:, None], absent, np.array([m]), mine, 0, 0))
        merged = Labels.together(found)
        return merged.only(self._kept(merged.values, after[:, merged.side, merged.width].T)).front()

    def _heads(self, labels: Labels) -> Labels:
        table, found = self.tables.head, []
        for head in sorted({int(share > 0) for share in self.space.heads}):
            width = np.full(len(labels.side), 4 * head)
            index = labels.side * table.choices + head
            cost = amounts(table, index, self.grid[labels.width].astype(float), width.astype(float), self.names).T
            made = np.stack([width, width, width], axis=1)
            parent = np.arange(len(labels.side))
            found.append(
                Labels(
                    values=self._join(labels.values, cost),
                    side=labels.side,
                    width=labels.width,
                    parent=parent,
                    made=made,
                )
            )
        return Labels.together(found)
