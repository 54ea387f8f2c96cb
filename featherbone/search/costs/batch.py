"""The costs of many designs at once, without building one: exact, and a million of them a second on one core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from featherbone.search.costs.budget import Budget, Costs
from featherbone.search.costs.file_size import FILE_HEAD, FLOAT
from featherbone.search.costs.latency_limit import LatencyModel
from featherbone.search.costs.polynomials import SUMS
from featherbone.search.costs.tables import CostTable, Polynomial, tables_of
from featherbone.search.space.block_kinds import CASES, case_of
from featherbone.search.space.design import Design
from featherbone.search.space.matrix import CHOICE, DEPTH, HEAD, RESOLUTION, STEM, WIDTH, column, encode
from featherbone.search.space.space import Space

CHUNK = 8192  # designs whose numbers fit into the cache together


@dataclass(frozen=True, kw_only=True)
class BatchCosts:
    """The costs of designs, one array of whole numbers for each that a budget can limit without measuring.

    >>> from featherbone.search import Design, Space, SpaceCosts, StageSpace, costs_of
    >>> stages = (StageSpace(blocks=("basic",)), StageSpace(blocks=("fire t4",), stride=2))
    >>> costs = SpaceCosts(Space(name="mine", resolutions=(8,), stem_stride=1, stages=stages), classes=2, channels=1)
    >>> design = Design.parse("r8 | stem w8 | basic w8 | fire w16 s2 t4")
    >>> costs.of([design]).row(0).macs == costs_of(design.graph(classes=2, channels=1)).macs
    True
    """

    macs: np.ndarray
    params: np.ndarray
    peak_memory: np.ndarray
    size: np.ndarray
    int8_size: np.ndarray

    def row(self, place: int) -> Costs:
        """Those of one design."""
        return Costs(**{name: int(values[place]) for name, values in vars(self).items()})


class SpaceCosts:
    """The costs of every design of a space, for images of ``channels`` and so many classes.

    >>> from featherbone.search.costs.budget import costs_of
    >>> from featherbone.search.space.named import named_space
    >>> costs = SpaceCosts(named_space("light", (8,)), classes=10, channels=1)
    >>> design = Design.parse("r8 | stem w8 | basic w12 d2 | fire w16 s2 t2 se | head w20")
    >>> costs.of([design]).row(0) == costs_of(design.graph(classes=10, channels=1))
    True

    A file reserves ``file_head`` bytes, as in ``costs_of``. ``latency`` predicts what can't be counted.
    """

    def __init__(
        self,
        space: Space,
        *,
        classes: int,
        channels: int,
        file_head: int = FILE_HEAD,
        latency: LatencyModel | None = None,
    ) -> None:
        self.space = space
        self.classes = classes
        self.channels = channels
        self.file_head = file_head
        self.latency = latency
        self.tables = tables_of(space, classes=classes, channels=channels)

    def of(self, designs: Sequence[Design]) -> BatchCosts:
        """The costs of designs of the space; FeatherboneError for any other."""
        return self.of_rows(encode(self.space, designs))

    def each(self, designs: Sequence[Design]) -> tuple[Costs, ...]:
        """The costs of each design, with its latency where a model is at hand."""
        rows = encode(self.space, designs)
        found = self.of_rows(rows)
        times = [None] * len(rows) if self.latency is None else self.latency.milliseconds(rows).tolist()
        return tuple(replace(found.row(place), latency=ms) for place, ms in enumerate(times))

    def of_rows(self, matrix: np.ndarray) -> BatchCosts:
        """The costs of the designs that rows stand for (``featherbone.search.space.matrix``)."""
        totals = np.empty((len(SUMS) + 1, len(matrix)))
        for start in range(0, len(matrix), CHUNK):
            part = slice(start, start + CHUNK)
            _add_up(self, np.ascontiguousarray(matrix[part].T), totals[:, part])
        totals /= self.tables.denominator  # exact: every total is a multiple of it
        macs, params, floats, int8, memory = totals.astype(np.int64)
        return BatchCosts(
            macs=macs,
            params=params,
            peak_memory=memory,
            size=FLOAT * params + floats + self.file_head,
            int8_size=params + int8 + self.file_head,
        )

    def fits(self, matrix: np.ndarray, budget: Budget) -> np.ndarray:
        """Whether each row's design fits a budget.

        Raises:
            FeatherboneError: latency is limited, and no latency model for that runtime is at hand.
        """
        return np.asarray(self.use(matrix, budget) <= 1)

    def use(self, matrix: np.ndarray, budget: Budget) -> np.ndarray:
        """The share of the limit that each row's design uses most."""
        return np.asarray(np.max(self.uses(matrix, budget), axis=0))

    def uses(self, matrix: np.ndarray, budget: Budget) -> np.ndarray:
        """The share of each limit that each row's design uses, (limits, designs).

        A latency is only predicted for designs that keep every other limit; elsewhere it stands at 0.
        """
        shares = self.counted_uses(matrix, budget)
        if budget.latency is None:
            return shares
        model = self.latency
        if model is None or (model.runtime, model.threads) != (budget.latency.runtime, budget.latency.threads):
            raise budget.latency.unknown()
        fitting = np.flatnonzero((shares <= 1).all(axis=0))
        found = np.zeros(len(matrix))
        found[fitting] = (1 + model.margin) * model.milliseconds(matrix[fitting])
        return np.concatenate([shares, found[None] / budget.latency.ms])

    def counted_uses(self, matrix: np.ndarray, budget: Budget) -> np.ndarray:
        """The share of each limit but latency that each row's design uses, (limits, designs)."""
        costs = self.of_rows(matrix)
        limits = {name: limit for name, limit in budget.limits().items() if name != "latency"}
        return np.array([getattr(costs, name) / limit for name, limit in limits.items()]).reshape(
            len(limits), len(matrix)
        )


def _add_up(costs: SpaceCosts, rows: np.ndarray, totals: np.ndarray) -> None:
    """Fill ``totals``, (sums and then memory, designs), for the columns of a matrix."""
    tables = costs.tables
    side = rows[RESOLUTION]
    channels = rows[STEM].astype(float)
    totals[:] = 0
    _add(tables.stem, side, channels, channels, totals)
    side = _next(tables.following[0], side, None)
    before = rows[STEM]
    for place, table in enumerate(tables.stages):
        choice, depth, width = (rows[column(place, which)] for which in (CHOICE, DEPTH, WIDTH))
        present = depth > 0
        groups = table.groups[choice] if table.groups.max() > 1 else 1
        index = ((side * table.choices + choice) * table.depths + depth) * CASES + case_of(before, width, groups)
        wide = width.astype(float)
        _add(table, index, channels, wide, totals)
        left_out = not present.all()
        side = _next(tables.following[place + 1], side, present if left_out else None)
        before = np.where(present, width, before) if left_out else width
        channels = before.astype(float) if left_out else wide
    _add(tables.head, side * 2 + (rows[HEAD] > 0), channels, rows[HEAD].astype(float), totals)


def _next(following: np.ndarray, side: np.ndarray, present: np.ndarray | None) -> np.ndarray:
    if (following == 0).all():
        return np.zeros_like(side)
    return np.asarray(following[side, 1 if present is None else present.astype(int)])


def _add(table: CostTable, index: np.ndarray, m: np.ndarray, n: np.ndarray, totals: np.ndarray) -> None:
    """Add a part's sums, and let its memory be the peak where it is the most."""
    for polynomial, total in zip(table.sums, totals, strict=False):
        total += _value(polynomial, index, m, n)
    for polynomial in table.memory:
        np.maximum(totals[-1], _value(polynomial, index, m, n), out=totals[-1])


def amounts(table: CostTable, index: np.ndarray, m: np.ndarray, n: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """What a part adds to each named cost, (names, rows), in the tables' numerators; the whole of it for memory."""
    found = {name: _value(each, index, m, n) for name, each in zip(SUMS, table.sums, strict=True)}
    peaks = [_value(each, index, m, n) for each in table.memory] if "peak_memory" in names else [np.zeros(len(index))]
    found |= {
        "peak_memory": np.max(peaks, axis=0),
        "size": FLOAT * found["params"] + found["floats"],
        "int8_size": found["params"] + found["int8"],
    }
    return np.array([found[name] for name in names])


def _value(polynomial: Polynomial, index: np.ndarray, m: np.ndarray, n: np.ndarray) -> np.ndarray:
    """c0 + c1·M + c2·N + c3·M² + c4·MN + c5·N², with the coefficients of the rows ``index``."""
    picked = {power: coefficients.take(index) for power, coefficients in polynomial.items()}
    of_m = _plus(_plus(picked.get(1), _times(picked.get(3), m)), _times(picked.get(4), n))
    of_n = _plus(picked.get(2), _times(picked.get(5), n))
    total = _plus(_plus(picked.get(0), _times(of_m, m)), _times(of_n, n))
    return np.zeros(len(index)) if total is None else total


def _times(value: np.ndarray | None, factor: np.ndarray) -> np.ndarray | None:
    return None if value is None else value * factor


def _plus(left: np.ndarray | None, right: np.ndarray | None) -> np.ndarray | None:
    if left is None or right is None:
        return right if left is None else left
    total: np.ndarray = left + right
    return total
