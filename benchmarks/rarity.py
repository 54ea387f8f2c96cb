"""How rare designs within a budget are: the share of a space's uniform draws that fit, counted and not sampled.

Every choice of a design is drawn by itself and all of its values are as likely: resolution, width of the stem, and for
each stage block, depth, and width among those that the block allows; then whether there is a head, and its width. Costs
add up over the parts of a network, and what a part costs depends on the channels and the side that it gets only. So the
probability of every sum can be carried from part to part (dynamic programming), with sums told apart by steps of the
limit. Rounded down, no design that fits is lost, and the share is an upper bound; rounded up, it is a lower one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.search.costs.batch import SpaceCosts, amounts
from featherbone.search.costs.budget import Budget
from featherbone.search.space.block_kinds import CASES, case_of

STEPS = 256  # sums told apart between nothing and the limit
ADDING = ("macs", "params", "size", "int8_size")


def share_within(costs: SpaceCosts, budget: Budget, *, steps: int = STEPS) -> tuple[float, float]:
    """Lower and upper bound of the share of uniform draws that fit.

    >>> from featherbone.search.space.named import named_space
    >>> costs = SpaceCosts(named_space("resnet", (8,)), classes=10, channels=1)
    >>> low, high = share_within(costs, Budget(params=20_000))
    >>> low < high < 0.01
    True

    With several limits the upper bound is that of the limit that fewest designs keep, and nothing is known from below.

    Raises:
        FeatherboneError: neither multiply-adds nor parameters nor a size is limited.
    """
    limits = [(name, int(limit)) for name, limit in budget.limits().items() if name in ADDING]
    if not limits:
        raise FeatherboneError(
            f"the rarity of {budget} is not known", hint="limit multiply-adds, parameters or a size, which add up"
        )
    low = _share(costs, *limits[0], steps, up=True) if len(budget.limits()) == 1 else 0.0
    return low, min(_share(costs, *limit, steps, up=False) for limit in limits)


def _share(costs: SpaceCosts, name: str, limit: int, steps: int, *, up: bool) -> float:
    """The share for one limit, with all costs rounded up or down to whole steps of it."""
    tables, space = costs.tables, costs.space
    room = limit - (costs.file_head if "size" in name else 0)
    if room < 0:
        return 0.0
    grid = np.arange(4, space.widest + 1, 4)
    step = max(1, -(-room // steps))  # so that room is at most ``steps`` of them
    last = room // step

    def stepped(cost: np.ndarray) -> np.ndarray:
        whole = np.asarray(cost[0] / tables.denominator, dtype=np.int64)
        return -(-whole // step) if up else whole // step

    size = len(grid)
    # (sides, channels, sums): how likely it is to get there
    reached = np.zeros((int(tables.following[0].max()) + 1, size, last + 1))
    for number in range(len(space.resolutions)):
        n = grid.astype(float)
        sums = stepped(amounts(tables.stem, np.full(size, number), n, n, [name]))
        inside = sums <= last
        side = tables.following[0][number, 1]
        np.add.at(reached[side], (np.flatnonzero(inside), sums[inside]), 1 / (size * len(space.resolutions)))
    for place, stage in enumerate(space.stages):
        following = tables.following[place + 1]
        after = np.zeros((int(following.max()) + 1, size, last + 1))
        for side in range(len(following)):
            if 0 in stage.depths:
                after[following[side, 0]] += reached[side] / len(stage.depths)
            moves = np.zeros((last + 1, size, size))
            for chance, m, n, cost in _moves(costs, place, side, grid, name):
                sums = stepped(cost)
                inside = sums <= last
                np.add.at(moves, (sums[inside], m[inside], n[inside]), chance)
            target = after[following[side, 1]]
            for more in np.flatnonzero(moves.any(axis=(1, 2))):
                target[:, more:] += moves[more].T @ reached[side][:, : last + 1 - more]
        reached = after
    return _ended(costs, name, grid, reached, stepped)


def _moves(
    costs: SpaceCosts, place: int, side: int, grid: np.ndarray, name: str
) -> Iterator[tuple[float, np.ndarray, np.ndarray, np.ndarray]]:
    """Every block and depth of a stage, for all channels at once: chance, places in the grid of M and N, costs."""
    stage, table = costs.space.stages[place], costs.tables.stages[place]
    for number, choice in enumerate(stage.choices):
        out = np.array(stage.widths_of(choice, costs.space.widest))
        m, n = (each.ravel() for each in np.meshgrid(grid, out, indexing="ij"))
        case = case_of(m, n, choice.groups)
        for depth in (depth for depth in stage.depths if depth):
            index = ((side * table.choices + number) * table.depths + depth) * CASES + case
            chance = 1 / (len(stage.choices) * len(stage.depths) * len(out))
            yield chance, m // 4 - 1, n // 4 - 1, amounts(table, index, m.astype(float), n.astype(float), [name])


def _ended(
    costs: SpaceCosts,
    name: str,
    grid: np.ndarray,
    reached: np.ndarray,
    stepped: Callable[[np.ndarray], np.ndarray],
) -> float:
    """The probability that what was reached and a head of any width stay within the limit."""
    table, last = costs.tables.head, reached.shape[2] - 1
    within = reached.cumsum(axis=2)
    heads = sorted({int(share > 0) for share in costs.space.heads})
    total = 0.0
    for side in range(len(reached)):
        for head in heads:
            m, n = (each.ravel() for each in np.meshgrid(grid, grid if head else [0], indexing="ij"))
            index = np.full(len(m), side * table.choices + head)
            sums = stepped(amounts(table, index, m.astype(float), n.astype(float), [name]))
            inside = sums <= last
            chance = 1 / (len(heads) * (len(grid) if head else 1))
            total += chance * float(within[side, m[inside] // 4 - 1, last - sums[inside]].sum())
    return total
