"""Recipes as values and as text, and the schedules."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from train_cases import RECIPE, dataset, stripes

from featherbone.data.augment import Augment
from featherbone.errors import FeatherboneError
from featherbone.train import CIFAR_SHORT, DIGITS, Recipe, default_recipe
from featherbone.train.schedule import SCHEDULES, rate


@pytest.mark.parametrize("recipe", [RECIPE, DIGITS, CIFAR_SHORT, Recipe(epochs=1)])
def test_text_both_ways(recipe: Recipe) -> None:
    assert Recipe.from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": 3}, r"no field 'epoch' \(did you mean epochs\?\)"),
        ({"epochs": 3.5}, "recipe.epochs is '3.5'; it must be int"),
        ({"epochs": True}, "it must be int"),
        ({"augment": {"flips": True}}, r"recipe.augment has no field 'flips' \(did you mean flip\?\)"),
        ({"augment": [1]}, "must be an object"),
        ({"augment": {"pad": -1}}, "pad is -1"),
        ({"optimizer": "sdg"}, r"optimizer is 'sdg'; known: sgd, adamw \(did you mean sgd\?\)"),
        ({"learning_rate": 0}, "learning_rate is 0.0; it must be positive"),
    ],
)
def test_text_is_read_strictly(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FeatherboneError, match=message):
        Recipe.from_json(json.dumps({**RECIPE.to_dict(), **change}))


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"epochs": NaN}'])
def test_what_is_no_recipe_is_refused(text: str) -> None:
    with pytest.raises(FeatherboneError):
        Recipe.from_json(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("batch_size", 1),
        ("optimizer", "lion"),
        ("schedule", "steps"),
        ("learning_rate", -0.1),
        ("learning_rate", float("nan")),
        ("weight_decay", -1e-4),
        ("warmup_epochs", 6.0),
        ("label_smoothing", 1.0),
        ("ema_decay", 1.0),
        ("clip", -1.0),
    ],
)
def test_values_outside_of_their_range_are_refused(name: str, value: Any) -> None:
    with pytest.raises(FeatherboneError, match=f"{name} is"):
        replace(RECIPE, **{name: value})


@pytest.mark.parametrize("schedule", sorted(SCHEDULES))
@pytest.mark.parametrize("warmup", [0, 1, 30])
def test_schedules_rise_to_one_and_fall_to_almost_nothing(schedule: str, warmup: int) -> None:
    rates = [rate(schedule, step, steps=100, warmup=warmup) for step in range(100)]
    top = max(warmup - 1, 0)
    assert rates[top] == max(rates) == 1.0
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert 0 < rates[-1] < 0.05
    assert rates[0] > 0


def test_cosine_is_half_way_down_in_the_middle() -> None:
    assert rate("cosine", 60, steps=100, warmup=20) == pytest.approx(0.5)


def test_default_recipes_fit_the_data() -> None:
    grey = default_recipe(dataset(splits={"train": stripes(2000, 0)}), 20)
    assert (grey.epochs, grey.batch_size, grey.augment.flip) == (20, 64, False)
    colour = default_recipe(dataset(channels=3, resolution=96, splits={"train": stripes(4000, 0)}), 4)
    assert colour.augment == Augment(pad=12, flip=True)
    assert (colour.batch_size, colour.warmup_epochs) == (128, 0.8)
    few = default_recipe(dataset(splits={"train": stripes(40, 0)}), 1)
    assert few.batch_size == 16
    assert few.learning_rate == pytest.approx(DIGITS.learning_rate / 4)
    assert few.warmup_epochs < 1
