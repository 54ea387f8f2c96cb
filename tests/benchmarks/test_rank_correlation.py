"""Rank correlation, on samples whose value is known."""

from __future__ import annotations

import pytest

from benchmarks.rank_correlation import rank_correlation
from featherbone.errors import FeatherboneError


def test_rank_correlation_of_known_samples() -> None:
    assert rank_correlation([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.8)  # 1 - 6·2 / (4·15)
    assert rank_correlation([1, 1, 2], [1, 2, 3]) == pytest.approx(3**0.5 / 2)  # a tie shares rank 1.5
    for first, second in (([1], [1]), ([1, 2], [1]), ([1, 1], [1, 2])):
        with pytest.raises(FeatherboneError):
            rank_correlation(first, second)
