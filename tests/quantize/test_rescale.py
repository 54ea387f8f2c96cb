"""Integers times a factor are the nearest integers, halves upwards."""

import numpy as np
import pytest

from featherbone.errors import FeatherboneError
from featherbone.quantize.rescale import rescaled, rescaling


@pytest.mark.parametrize("factor", [0.37, 1.0, 0.5, 1e-4, 3.7e-7, 12.25, 2.0**-40])
def test_the_nearest_integer(factor):
    sums = np.random.default_rng(0).integers(-(2**31), 2**31, 10_000)
    exact = sums * factor
    found = rescaled(sums, rescaling(factor))
    assert np.abs(found - exact).max() <= 0.5 + 2.0**-31 * np.abs(exact).max()


def test_halves_go_up():
    assert rescaled(np.array([1, 3, -1, -3]), rescaling(0.5)).tolist() == [1, 2, 0, -1]


def test_a_factor_for_each_channel():
    assert rescaled(np.array([[4], [4]]), rescaling(np.array([[0.5], [2.0]]))).tolist() == [[2], [8]]


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), 1e6])
def test_other_factors_are_refused(factor):
    with pytest.raises(FeatherboneError, match="it must be positive and at most 16,384"):
        rescaling(factor)
