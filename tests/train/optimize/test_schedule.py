"""Learning rate and momentum over a run: ends, laws, and PyTorch's own one-cycle."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from train_cases import RECIPE

from featherbone.train import Recipe
from featherbone.train.optimize.schedule import learning_rate, momentum

STEPS = 10  # in an epoch


def rates(recipe: Recipe) -> list[float]:
    return [learning_rate(recipe, step, steps=STEPS) for step in range(recipe.epochs * STEPS)]


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 3.0])
def test_it_rises_to_the_highest_rate_and_falls_to_almost_nothing(schedule: str, warmup: float) -> None:
    found = rates(Recipe(epochs=10, learning_rate=2.0, schedule=schedule, warmup_epochs=warmup))
    top = max(round(warmup * STEPS) - 1, 0)
    assert found[top] == max(found) == 2.0
    assert found[: top + 1] == sorted(found[: top + 1])
    assert found[top:] == sorted(found[top:], reverse=True)
    assert 0 < found[-1] < 0.1
    assert found[0] > 0


def test_cosine_is_half_way_down_in_the_middle() -> None:
    assert rates(Recipe(epochs=10, learning_rate=1.0, warmup_epochs=2))[60] == pytest.approx(0.5)


def test_steps_fall_at_the_milestones() -> None:
    recipe = Recipe(epochs=9, learning_rate=1.0, schedule="step", milestones=(3.0, 5.5), decay=0.5, warmup_epochs=1)
    found = rates(recipe)
    assert found[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert found[10:30] == [1.0] * 20
    assert found[30:55] == [0.5] * 25
    assert found[55:] == [0.25] * 35


def test_exponential_decay_comes_in_stairs() -> None:
    """MnasNet: 0.97 every 2.4 epochs, counted from the start, the warm-up included."""
    recipe = Recipe(
        epochs=20, learning_rate=0.256, schedule="exponential", decay=0.97, decay_epochs=2.4, warmup_epochs=5
    )
    found = rates(recipe)
    assert found[49] == pytest.approx(0.256)
    assert found[50:] == pytest.approx([0.256 * 0.97 ** math.floor(step / 24) for step in range(50, 200)])


def test_constant_stays() -> None:
    assert set(rates(Recipe(epochs=3, learning_rate=0.3, schedule="constant"))) == {0.3}


@pytest.mark.parametrize(("warmup", "share"), [(0.0, 0.3), (4.0, 0.4), (0.1, 0.01)])
def test_one_cycle_is_pytorchs(warmup: float, share: float) -> None:
    recipe = Recipe(epochs=10, learning_rate=0.7, momentum=0.95, schedule="onecycle", warmup_epochs=warmup)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    theirs = (
        torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.7, total_steps=100, pct_start=share) if share > 0.01 else None
    )
    if theirs is None:  # a warm-up of one step, where PyTorch divides by zero: it begins at the top
        assert learning_rate(recipe, 0, steps=STEPS) == pytest.approx(0.7)
        assert learning_rate(recipe, 99, steps=STEPS) == pytest.approx(0.7 / 25 / 1e4)
        return
    for step in range(100):
        group = optimizer.param_groups[0]
        assert learning_rate(recipe, step, steps=STEPS) == pytest.approx(group["lr"], rel=1e-9)
        assert momentum(recipe, step, steps=STEPS) == pytest.approx(group["momentum"], rel=1e-9)
        optimizer.step()
        theirs.step()


def test_other_schedules_leave_the_momentum_alone() -> None:
    assert {momentum(RECIPE, step, steps=7) for step in range(42)} == {0.9}


@pytest.mark.parametrize("schedule", ["cosine", "linear", "onecycle", "step", "exponential", "constant"])
def test_every_schedule_stays_between_nothing_and_the_highest_rate(schedule: str) -> None:
    marks = (1.0,) if schedule == "step" else ()
    for epochs, warmup, steps in ((2, 0.0, 1), (3, 1.0, 1), (3, 2.9, 2)):
        recipe = replace(Recipe(epochs=epochs, warmup_epochs=warmup, schedule=schedule, milestones=marks))
        found = [learning_rate(recipe, step, steps=steps) for step in range(epochs * steps)]
        assert all(0 < rate <= 0.1 for rate in found)
