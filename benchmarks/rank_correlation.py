"""Whether two measures order alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featherbone.errors import FeatherboneError


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation, ties sharing their mean rank: 1 where both order alike, -1 where they oppose.

    >>> rank_correlation([1, 2, 3], [10, 1000, 2000]), rank_correlation([1, 2, 3], [3, 2, 1])
    (1.0, -1.0)

    Raises:
        FeatherboneError: fewer than two pairs, unequal lengths, or all values of a side equal.
    """
    if len(first) != len(second) or len(first) < 2:
        raise FeatherboneError(f"rank correlation of {len(first)} and {len(second)} values; it needs pairs, at least 2")
    ranks = [_ranks(values) - (len(values) - 1) / 2 for values in (first, second)]
    spread = float(np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    if spread == 0:
        raise FeatherboneError("rank correlation of values that are all equal; nothing orders them")
    return float((ranks[0] * ranks[1]).sum()) / spread


def _ranks(values: Sequence[float]) -> np.ndarray:
    _, places, counts = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    ranks: np.ndarray = (np.cumsum(counts) - (counts + 1) / 2)[places]
    return ranks
