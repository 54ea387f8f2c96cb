"""Where kept weights stand, as gaps of few bits: how far each is from the one before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def gaps_between(places: Integers, bits: int) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """Gaps of at most so many bits between places in rising order, and which of them end at a weight that is kept.

    >>> gaps_between(np.array([0, 4, 21]), bits=3)
    (array([0, 3, 7, 7, 0]), array([ True,  True, False, False,  True]))

    A gap of 0 is the very next place. Where a weight is farther than 2**bits, a filler, which is a weight of 0, stands
    at that distance, as often as it takes. The first gap counts from the place before the first weight.
    """
    widest = 2**bits
    steps = np.diff(places, prepend=-1) - 1
    fillers = steps // widest
    ends = np.cumsum(fillers + 1) - 1
    gaps = np.full(int((fillers + 1).sum()), widest - 1, np.int64)
    gaps[ends] = steps % widest
    kept = np.zeros(gaps.size, bool)
    kept[ends] = True
    return gaps, kept


def places_after(gaps: Integers) -> Integers:
    """Where each gap ends, fillers among them.

    >>> places_after(np.array([0, 3, 7, 7, 0]))
    array([ 0,  4, 12, 20, 21])
    """
    return np.cumsum(gaps + 1) - 1
