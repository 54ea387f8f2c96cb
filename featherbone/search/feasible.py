"""Whether anything in a space fits a budget: asked before any training, answered with the constraint that binds."""

from __future__ import annotations

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.search.batch import SpaceCosts
from featherbone.search.budget import ANALYTIC, UNITS, Budget, describe, flag
from featherbone.search.least import Least, cheapest_known, least
from featherbone.search.matrix import decode
from featherbone.search.structures import Structures

FASTEST_OF = 64  # small designs that are looked at where latency is limited


def fitting(costs: SpaceCosts, budget: Budget) -> np.ndarray:
    """The row of a small design that fits the budget: the proof that something does.

    Raises:
        FeatherboneError: nothing fits; with the limits that bind, the smallest design of the space (the one whose most
            used limit is used least) and, as the hint, the nearest budget: it raises what that design exceeds to what
            it needs. All of this is exact but for latency, which is predicted for the smallest designs only. Also
            where latency is limited and no latency model is at hand.
    """
    counted = [name for name in budget.limits() if name in ANALYTIC]
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
        f"{UNITS[name]} are limited to {limit}, and no design has less than {found.alone[name]}"
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
    """A row that also keeps the latency limit: the given one, or the fastest of some small ones."""
    assert budget.latency is not None
    if costs.fits(row[None], budget)[0]:
        return row
    structures, rng = Structures(costs.space), np.random.default_rng(0)
    rows = structures.drawn(FASTEST_OF * 4, rng)
    rows = rows[(costs.counted_uses(rows, budget) <= 1).all(axis=0)][:FASTEST_OF]
    rows = np.concatenate([row[None], rows])
    share = costs.uses(rows, budget)[-1]
    best = int(np.argmin(share))
    if share[best] > 1:
        (design,) = decode(costs.space, rows[best][None])
        fastest = float(share[best] * budget.latency.ms)
        raise FeatherboneError(
            f"no design of the space {costs.space.name} is known to fit the budget: latency is limited to "
            f"{budget.latency}, and the fastest of {len(rows)} small designs, {design}, is predicted to take "
            f"{fastest:.3g} ms",
            hint=f"the nearest budget that is known to work has {flag('latency', np.ceil(fastest * 100) / 100)}",
        )
    return np.asarray(rows[best])
