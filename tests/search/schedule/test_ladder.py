"""Ladders: rungs rise about threefold to the whole recipe, none is within the warm-up, and their cost is counted."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from featherbone.search.schedule.ladder import first_rung, ladder, trials_for


@pytest.mark.parametrize("first", [1, 2, 3, 4])
@pytest.mark.parametrize("epochs", [1, 2, 5, 9, 11, 30, 70, 88, 100])
def test_rungs_rise_about_threefold_to_the_whole_recipe(epochs: int, first: int) -> None:
    rungs = ladder(epochs, first=first)
    assert (rungs[0] == first) == (epochs >= math.sqrt(3) * first or epochs == first)
    for trials in (None, *range(1, 40)):
        rungs = ladder(epochs, trials=trials, first=first)
        assert rungs[-1] == epochs
        assert all(math.sqrt(3) * low - 1 < high < 3 * math.sqrt(3) * low + 1 for low, high in pairwise(rungs))
        assert rungs[0] >= min(first, epochs)
        if trials is not None:
            assert len(rungs) <= 1 + max(trials > 1, math.ceil(math.log(trials, 3) - 1e-9) - 1)


@pytest.mark.parametrize("steps", [20, 352, 999, 1000, 10_000])
@pytest.mark.parametrize("warmup", [0.0, 0.2, 1.0, 1.4, 2.2, 3.0])
def test_a_rung_has_a_whole_epoch_after_the_warm_up(steps: int, warmup: float) -> None:
    first = first_rung(steps, warmup)
    assert first >= (1 if steps >= 1000 else 2)
    if warmup:
        assert warmup + 1 <= first < warmup + 2 or first == 2


@pytest.mark.parametrize("rungs", [(2, 6, 18, 54), (4, 10, 27, 70), (4, 11), (30,), (3, 5)])
def test_epochs_pay_for_what_successive_halving_trains(rungs: tuple[int, ...]) -> None:
    """Of so many trials that every third goes on from each rung, recounted trial by trial, and a winner beside them."""
    for number in (3 ** (len(rungs) - 1), 3 ** len(rungs), 5 * 3 ** len(rungs)):
        spent = sum(
            rungs[max(rung for rung in range(len(rungs)) if trial % 3**rung == 0)] for trial in range(1, number + 1)
        )
        assert trials_for(spent + rungs[-1], rungs) == number + 1
        assert trials_for(spent + rungs[-1] - 1, rungs) == number
