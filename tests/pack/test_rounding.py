"""Rounding that knows what is read and what matters loses less, for its bits, than rounding to nearest."""

from __future__ import annotations

import pytest
import torch

from featherbone.pack.rates import Rates
from featherbone.pack.rounding import RoundedWeights, RoundingTask, _looked_at_again, _passed_on, round_weights


def task(groups: int, outputs: int, columns: int, price: float, seed: int = 0) -> RoundingTask:
    """A layer that reads correlated columns, of outputs that matter differently."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(groups, columns, columns, generator=generator, dtype=torch.float64)
    return RoundingTask(
        weights=torch.randn(groups, outputs, columns, generator=generator, dtype=torch.float64),
        moments=mixing @ mixing.mT / columns + 1e-3 * torch.eye(columns, dtype=torch.float64),
        importance=torch.rand(groups, outputs, generator=generator, dtype=torch.float64) + 0.05,
        price=price,
    )


def lost(given: RoundingTask, values: torch.Tensor) -> float:
    error = values - given.weights
    return float((given.importance * ((error @ given.moments) * error).sum(2)).sum())


def bits(levels: torch.Tensor) -> float:
    return float(Rates.of(levels).bits(levels).sum())


@pytest.mark.parametrize(("groups", "outputs", "columns"), [(1, 16, 48), (12, 1, 9), (3, 4, 18), (1, 5, 1)])
@pytest.mark.parametrize("price", [1e-4, 3e-2])
def test_it_loses_less_and_takes_fewer_bits_than_rounding_to_nearest(groups, outputs, columns, price):
    given = task(groups, outputs, columns, price)
    found = round_weights(given)
    nearest = (given.weights / found.step).round()
    cost = lost(given, found.values) + price * bits(found.levels)
    assert cost <= lost(given, nearest * found.step) + price * bits(nearest)
    assert torch.equal(found.levels, found.levels.round())


def test_passing_errors_on_pays(monkeypatch):
    """At the same step and with free bits, what is lost falls below that of rounding to nearest by a third at least."""
    given = task(1, 32, 64, 1e-2)
    found = round_weights(given)
    free = round_weights(RoundingTask(**{**vars(given), "price": 1e-12}))
    assert lost(given, free.values) < 1e-4 * lost(given, 0 * given.weights)
    nearest = (given.weights / found.step).round() * found.step
    assert lost(given, found.values) < 0.67 * lost(given, nearest) + 1e-2 * bits(found.levels)


def test_dearer_bits_are_fewer():
    taken = [bits(round_weights(task(1, 16, 36, price)).levels) for price in (1e-5, 1e-3, 1e-1)]
    assert taken == sorted(taken, reverse=True)
    assert taken[0] > 2 * taken[-1]


def test_weights_that_are_0_stay_so():
    given = task(1, 4, 6, 1e-3)
    nothing = round_weights(RoundingTask(**{**vars(given), "weights": 0 * given.weights}))
    assert isinstance(nothing, RoundedWeights)
    assert not nothing.levels.any()


def test_passing_an_error_on_to_the_columns_behind_makes_up_for_it():
    given = task(1, 32, 64, 1e-9)
    factor = torch.linalg.cholesky(torch.linalg.inv(given.moments), upper=True)
    step = 0.5
    nearest = (given.weights / step).round() * step
    assert lost(given, _passed_on(given, factor, step) * step) < 0.6 * lost(given, nearest)


@pytest.mark.parametrize("price", [1e-9, 1e-2])
def test_looking_again_lowers_what_is_lost_and_paid_together(price):
    given = task(2, 8, 24, price)
    nearest = (given.weights / 0.5).round()
    found = _looked_at_again(given, nearest, 0.5)
    before, after = (lost(given, each * 0.5) + price * bits(each) for each in (nearest, found))
    assert after < 0.9 * before
