"""The dearest price that is allowed, from wherever the search begins."""

from __future__ import annotations

import pytest

from featherbone.job.packing.knob import CLOSE, dearest


@pytest.mark.parametrize("first", [1e-3, 0.3, 1.0, 40.0])
@pytest.mark.parametrize("limit", [0.02, 1.0, 7.3])
def test_it_comes_close_to_the_limit_from_below(first: float, limit: float) -> None:
    tried: list[float] = []

    def attempt(price: float) -> float:
        tried.append(price)
        return price

    found = dearest(first, attempt, lambda price: price <= limit)
    assert found is not None
    assert limit / CLOSE <= found <= limit
    assert len(tried) == len(set(tried)) <= 16


def test_where_nothing_is_allowed_it_says_so_and_where_all_is_it_ends() -> None:
    assert dearest(1.0, lambda price: price, lambda _: False) is None
    assert dearest(1.0, lambda price: price, lambda _: True) is not None
