"""The rungs of a search: how far a trial is trained before it must be among the best to go on.

All rungs are points of one schedule, the last of them the full recipe, so nothing is trained twice.

Source: Jamieson and Talwalkar 2016, arXiv:1502.07943 (successive halving); Li et al. 2020, arXiv:1810.05934 (ASHA).
"""

from __future__ import annotations

import math
from itertools import pairwise

from featherbone.errors import FeatherboneError

KEEP = 3  # one in three goes on
FIRST_RUNG = 2  # epochs at least: a score after one says little
LONG = 1000  # steps: after an epoch of so many, one says enough; after 352 it does not (results/train_cifar.txt)


def first_rung(steps: int, warmup: float = 0.0) -> int:
    """The epochs that a trial is trained for at least, where an epoch has so many steps.

    >>> first_rung(20), first_rung(352), first_rung(10_000)
    (2, 2, 1)
    >>> first_rung(352, warmup=3.0)
    4

    While the learning rate still rises, for ``warmup`` epochs, networks that will be left behind lead
    (results/train_cifar.txt); so one more at least.
    """
    return max(1 if steps >= LONG else FIRST_RUNG, math.ceil(warmup + 1))


def ladder(epochs: int, *, trials: int | None = None, first: int = FIRST_RUNG) -> tuple[int, ...]:
    """The epochs of each rung, the last of them ``epochs``: each about three times those of the one before.

    >>> ladder(54), ladder(70, first=4)
    ((2, 6, 18, 54), (4, 10, 27, 70))
    >>> ladder(54, trials=12), ladder(54, trials=9)
    ((6, 18, 54), (18, 54))
    >>> ladder(30, trials=1)
    (30,)

    They begin with ``first``, or with ``trials`` later: no more rungs than so many trials can be told apart by, as a
    rung keeps one in three.

    Raises:
        FeatherboneError: fewer than one epoch.
    """
    if epochs < 1:
        raise FeatherboneError(f"epochs is {epochs}; it must be at least 1")
    most = max(1, _powers(trials) - 1) if trials is not None and trials > 1 else 0 if trials == 1 else epochs
    climbs = max(0, round(math.log(epochs / first, KEEP)))
    if climbs > most:
        climbs, first = most, max(1, round(epochs / KEEP**most))
    return (*(round(first * (epochs / first) ** (rung / climbs)) for rung in range(climbs)), epochs)


def trials_for(epochs: int, rungs: tuple[int, ...]) -> int:
    """How many trials so many epochs pay for, with one of them trained to its end.

    >>> trials_for(36, (1, 3, 9)), trials_for(9, (9,))
    (12, 1)
    """
    climbs = [after - before for before, after in pairwise((0, *rungs))]
    whole: int = KEEP ** len(climbs)
    each: int = sum(more * whole // KEEP**rung for rung, more in enumerate(climbs))  # one in three goes on
    return 1 + max(0, (epochs - rungs[-1]) * whole // each)


def _powers(trials: int) -> int:
    """The smallest n with ``KEEP ** n >= trials``."""
    powers = 0
    while KEEP**powers < trials:
        powers += 1
    return powers
