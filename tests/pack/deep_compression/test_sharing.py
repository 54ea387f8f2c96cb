"""Shared values: each weight takes the nearest, and each value is the mean of those that take it."""

from __future__ import annotations

import numpy as np
import pytest

from featherbone.pack.deep_compression.sharing import share


@pytest.mark.parametrize("count", [1, 2, 7, 31])
@pytest.mark.parametrize("seed", range(4))
def test_values_are_means_and_weights_take_the_nearest(count: int, seed: int) -> None:
    values = np.random.default_rng(seed).laplace(0, 0.1, 400).astype(np.float32)
    codebook, indices = share(values, count)
    assert 1 <= codebook.size <= count
    distances = np.abs(values[:, None].astype(float) - codebook.astype(float))
    assert np.allclose(distances[np.arange(400), indices], distances.min(1), atol=1e-7)
    for place, value in enumerate(codebook):
        assert values[indices == place].astype(float).mean() == pytest.approx(float(value), rel=1e-5)


def test_as_many_values_as_weights_lose_nothing_where_they_stand_evenly() -> None:
    values = np.array([3, 1, 2, 4, 2], np.float32)
    codebook, indices = share(values, 4)
    assert codebook[indices].tolist() == values.tolist()
    assert share(np.full(5, 0.7, np.float32), 8)[0].tolist() == [np.float32(0.7)]
