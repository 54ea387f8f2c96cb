"""Few values that many weights share: k-means of one dimension, begun with values at equal distances."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MOST_ROUNDS = 300  # of k-means; it ends before, where no weight changes its value any more

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


def share(values: Floats, count: int) -> tuple[Floats, Indices]:
    """At most so many shared values, the least first, and which of them each weight takes: the nearest.

    >>> codebook, indices = share(np.array([-1.25, -0.75, 3, 2, 4], np.float32), count=2)
    >>> codebook, indices
    (array([-1.,  3.], dtype=float32), array([0, 0, 1, 1, 1]))

    They begin at equal distances from the least weight to the greatest ("linear", section 3.2 of arXiv:1510.00149:
    large weights, which matter most, are far from few of them). Values that no weight takes are left out.
    """
    if not values.size:
        return np.empty(0, np.float32), np.empty(0, np.int64)
    ordered = np.sort(values.astype(np.float64))
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    centres = np.linspace(ordered[0], ordered[-1], count)
    ends = None
    for _ in range(MOST_ROUNDS):
        found = np.searchsorted(ordered, (centres[1:] + centres[:-1]) / 2)
        if ends is not None and np.array_equal(found, ends):
            break
        ends = found
        starts, stops = np.concatenate([[0], ends]), np.concatenate([ends, [ordered.size]])
        taken = stops > starts
        centres[taken] = (sums[stops] - sums[starts])[taken] / (stops - starts)[taken]
    codebook = np.unique(centres.astype(np.float32))
    indices = _nearest(values, codebook)
    used, indices = np.unique(indices, return_inverse=True)
    return codebook[used], indices.astype(np.int64)


def _nearest(values: Floats, codebook: Floats) -> Indices:
    exact = codebook.astype(np.float64)
    return np.searchsorted((exact[1:] + exact[:-1]) / 2, values.astype(np.float64)).astype(np.int64)
