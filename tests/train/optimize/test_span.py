"""The average of the weights is over a small share of a run, however short that is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from train_cases import dataset, stripes

from featherbone.train import Recipe, default_recipe, recipe_named
from featherbone.train.optimize.span import SHARE, stretched, within
from featherbone.train.recipe.suited import brief_average
from featherbone.train.run.epochs import equal_batches


@given(st.floats(0.5, 0.9999), st.floats(0.1, 100))
def test_a_stretched_average_reaches_so_many_times_as_far(decay: float, times: float) -> None:
    before, after = 1 / (1 - decay), 1 / (1 - stretched(decay, times))
    assert after == pytest.approx(max(1.0, before * times))
    assert stretched(decay, 1.0) == decay
    assert stretched(0.0, times) == 0.0


@given(st.floats(0, 0.9999), st.integers(1, 100_000))
def test_an_average_within_a_run_is_shortened_only_as_far_as_it_must(decay: float, steps: int) -> None:
    short = within(decay, steps)
    allowed = max(1.0, SHARE * steps)
    assert 1 / (1 - short) <= allowed * (1 + 1e-9)
    assert short == decay or 1 / (1 - short) == pytest.approx(allowed)


def test_over_fewer_epochs_the_average_keeps_its_share() -> None:
    full = recipe_named("cifar10-full")
    assert full.with_epochs(10).ema_decay == pytest.approx(0.99)
    assert full.with_epochs(1000).ema_decay == pytest.approx(0.9999)
    assert replace(full, ema_decay=0.0).with_epochs(10).ema_decay == 0.0


@pytest.mark.parametrize("images", [60, 1000, 20_000])
@pytest.mark.parametrize("epochs", [1, 6, 11, 75])
def test_what_fit_begins_with_averages_over_a_small_share(images: int, epochs: int) -> None:
    data = dataset(splits={"train": stripes(images, 1), "val": stripes(9, 2), "test": stripes(9, 3)})
    recipe = default_recipe(data, epochs)
    steps = epochs * equal_batches(images, recipe.batch_size)[0]
    assert 1 / (1 - recipe.ema_decay) <= max(1.0, SHARE * steps) + 1e-6
    assert recipe.ema_decay <= recipe_named("digits").ema_decay


def test_a_constant_rate_keeps_its_long_average() -> None:
    recipe = Recipe(epochs=2, ema_decay=0.999, schedule="constant")
    assert brief_average(recipe, dataset()) == recipe
    assert brief_average(replace(recipe, schedule="linear"), dataset()).ema_decay == 0.0
