"""Widths are the nearest that are allowed, the narrower of two, and never those that would not fit."""

from __future__ import annotations

import numpy as np
import pytest

from featherbone.search import Budget, SpaceCosts, named_space, sample
from featherbone.search.costs.feasible import fitting
from featherbone.search.draw.widths import Widths
from featherbone.search.space.matrix import STEM, WIDTH, column, encode


def test_the_nearest_allowed_width_is_taken_not_the_one_below() -> None:
    space = named_space("light", (32,))
    widths = Widths(space)
    for place, choices in enumerate(widths.allowed):
        for choice, allowed in enumerate(choices):
            options = sorted(set(allowed.tolist()))
            for wish in range(0, space.widest + 1, 3):
                taken = int(allowed[widths.nearest[place][choice, wish]])
                assert (abs(taken - wish), taken) == min((abs(each - wish), each) for each in options)


@pytest.mark.parametrize(("multiplier", "stem"), [(7.0, 8), (6.4, 4), (6.6, 8), (5.6, 4), (10.4, 8), (10.6, 12)])
def test_a_wish_is_rounded_to_the_nearest_whole_before(multiplier: float, stem: int) -> None:
    """6.4 is 6, halfway between 4 and 8, where the narrower is taken; 6.6 is 7, and nearer to 8."""
    costs = SpaceCosts(named_space("light", (32,)), classes=10, channels=3)
    row = fitting(costs, Budget(macs=10**9))[None]
    widths = Widths(costs.space)
    found = widths.scaled(row, np.ones((1, len(widths.columns))), np.array([multiplier]))
    assert found[0, STEM] == stem
    present = widths.present(row)[0][1:-1]
    assert all(found[0, column(place, WIDTH)] > 0 for place in np.flatnonzero(present))


@pytest.mark.parametrize("limit", ["macs", "params", "peak_memory", "size", "int8_size"])
def test_a_design_exactly_at_a_limit_fits_and_one_less_does_not(limit: str) -> None:
    costs = SpaceCosts(named_space("light", (8,)), classes=10, channels=1)
    (design,) = sample(costs, Budget(macs=300_000, params=20_000), 1, seed=0)
    amount = int(getattr(costs.of([design]), limit)[0])
    row = costs.each([design])[0]
    for less, fits in ((0, True), (1, False)):
        budget = Budget(**{limit: amount - less})
        assert bool(costs.fits(encode(costs.space, [design]), budget)[0]) is fits
        assert (budget.breaches(row) == ()) is fits


def test_the_smallest_design_fits_a_budget_of_just_what_it_needs() -> None:
    costs = SpaceCosts(named_space("light", (8,)), classes=10, channels=1)
    smallest = fitting(costs, Budget(params=157))
    assert costs.of_rows(smallest[None]).params[0] == 157


@pytest.mark.parametrize("steps", [0, 1, 3, 1000])
def test_a_width_grows_by_so_many_of_its_allowed_steps_and_the_others_stay(steps: int) -> None:
    costs = SpaceCosts(named_space("light", (32,)), classes=10, channels=3)
    rows = encode(costs.space, sample(costs, Budget(macs=12_500_000, params=80_000), 30, seed=0))
    widths = Widths(costs.space)
    for place, where in enumerate(widths.columns):
        there = rows[widths.present(rows)[:, place]]
        wider = widths.wider(there, np.full(len(there), place), np.full(len(there), steps))
        for row, grown, choice in zip(there, wider, widths.choices(there, place), strict=True):
            allowed = sorted(set(widths.allowed[place][choice].tolist()))
            now = allowed.index(row[where])
            assert grown[where] == allowed[min(now + steps, len(allowed) - 1)]
            assert np.array_equal(np.delete(grown, where), np.delete(row, where))
