"""Whether anything in a space fits a budget: asked before any training, answered with the constraint that binds."""

from __future__ import annotations

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.quantities import DESIGNED, QUANTITIES
from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.costs.budget import Budget, describe, flag
from featherbone.search.costs.least import Least, cheapest_known, least
from featherbone.search.draw.structures import Structures
from featherbone.search.space.matrix import ACT, HEAD, RESOLUTION, column, decode

DRAWN = 2048  # small designs that are looked at first where latency is limited


def fitting(costs: SpaceCosts, budget: Budget) -> np.ndarray:
    """The row of a small design that fits the budget: the proof that something does.

    Raises:
        FeatherboneError: nothing fits; with the limits that bind, the smallest design of the space (the one whose most
            used limit is used least) and, as the hint, the nearest budget: it raises what that design exceeds to what
            it needs. All of this is exact but for latency, which is predicted, and whose fastest design is looked for
            from many small ones on. Also where latency is limited and no latency model is at hand.
    """
    counted = [name for name in budget.limits() if name in DESIGNED]
    row = cheapest_known(costs, budget)
    if (costs.counted_uses(row[None], budget) > 1).any():
        found = least(costs, budget)
        row = found.row
        if (costs.counted_uses(row[None], budget) > 1).any():
            raise _refusal(costs, budget, found, counted)
    return row if budget.latency is None else _fast_enough(costs, budget, row)


def _refusal(costs: SpaceCosts, budget: Budget, found: Least, counted: list[str]) -> FeatherboneError:
    limits = {name: int(limit) for name, limit in budget.limits().items() if name in counted}
    (design,) = decode(costs.space, found.row[None])
    needs = vars(costs.of_rows(found.row[None]).row(0))
    reasons = [
        f"{QUANTITIES[name].unit} are limited to {limit}, and no design has less than {found.alone[name]}"
        for name, limit in limits.items()
        if found.alone[name] > limit
    ]
    together = describe({name: needs[name] for name in limits})
    what = " and ".join(reasons) or "each limit can be met alone, but not all of them together"
    nearest = " ".join(flag(name, max(limit, needs[name])) for name, limit in limits.items())
    return FeatherboneError(
        f"nothing in the space {costs.space.name} fits the budget: {what}; the smallest design is {design} with "
        f"{together}",
        hint=f"the nearest budget that works is {nearest}",
    )


def _fast_enough(costs: SpaceCosts, budget: Budget, row: np.ndarray) -> np.ndarray:
    """A row that also keeps the latency limit: the given one, or the fastest that is found."""
    assert budget.latency is not None
    if costs.fits(row[None], budget)[0]:
        return row
    rng = np.random.default_rng(0)
    rows = np.concatenate([row[None], Structures(costs.space).drawn(DRAWN, rng)])
    fastest, share = _fastest(costs, budget, rows)
    while share > 1:  # part by part from the fastest so far, until no part makes it faster
        changed, less = _fastest(costs, budget, _neighbours(costs, fastest))
        if less >= share:
            break
        fastest, share = changed, less
    if share > 1:
        (design,) = decode(costs.space, fastest[None])
        needed = float(np.ceil(100 * share * budget.latency.ms) / 100)
        others = {name: limit for name, limit in budget.limits().items() if name != "latency"}
        flags = [flag(name, limit) for name, limit in others.items()] + [flag("latency", needed)]
        raise FeatherboneError(
            f"nothing in the space {costs.space.name} fits the budget: latency is limited to {budget.latency}, and the "
            f"fastest design, {design}, is predicted to take up to {share * budget.latency.ms:.3g} ms",
            hint=f"the nearest budget that works is {' '.join(flags)}",
        )
    return fastest


def _fastest(costs: SpaceCosts, budget: Budget, rows: np.ndarray) -> tuple[np.ndarray, float]:
    """The row with the least latency of those that keep the other limits, and its share of the limit."""
    shares = costs.uses(rows, budget)
    latency = np.where((shares[:-1] <= 1).all(axis=0), shares[-1], np.inf)
    best = int(np.argmin(latency))
    return np.asarray(rows[best]), float(latency[best])


def _neighbours(costs: SpaceCosts, row: np.ndarray) -> np.ndarray:
    """The row, and all that differ from it in one stage, the resolution, the activation or the head."""
    space, structures = costs.space, Structures(costs.space)
    found = [row]
    for where, choices in ((RESOLUTION, range(len(space.resolutions))), (ACT, range(len(space.acts)))):
        found += [_with(row, {where: choice}) for choice in choices]
    found += [_with(row, {HEAD: 4 * (share > 0)}) for share in space.heads]
    for place, stage in enumerate(space.stages):
        for depth in sorted(stage.depths)[:2]:
            for choice in range(len(stage.choices)):
                width = int(structures.narrowest[place][choice])
                values = (choice, depth, width) if depth else (0, 0, 0)
                found.append(_with(row, dict(zip((column(place, which) for which in range(3)), values, strict=True))))
    return np.unique(np.array(found), axis=0)


def _with(row: np.ndarray, values: dict[int, int]) -> np.ndarray:
    changed = row.copy()
    for where, value in values.items():
        changed[where] = value
    return changed
