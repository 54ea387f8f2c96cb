"""Recipes as values and as text, and the schedules."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from train_cases import RECIPE, dataset, stripes

from featherbone.data.augment import Augment
from featherbone.errors import FeatherboneError
from featherbone.train import RECIPES, Recipe, default_recipe, read_recipe, recipe_comments, recipe_named, to_toml
from featherbone.train.recipe.checks import OPTIMIZERS, SCHEDULES
from featherbone.train.recipe.file import from_toml


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Any recipe: every field that the chosen optimizer and schedule use."""
    epochs = draw(st.integers(2, 400))
    whole = st.integers(1, epochs - 1)
    part = st.floats(0.01, 0.99)
    optimizer, schedule = draw(st.sampled_from(OPTIMIZERS)), draw(st.sampled_from(SCHEDULES))
    settings: dict[str, Any] = {
        "batch_size": draw(st.integers(2, 9999)),
        "learning_rate": draw(st.floats(1e-9, 1e9)),
        "momentum": draw(part),
        "weight_decay": draw(st.floats(0, 1)),
        "decay_all": draw(st.booleans()),
        "clip": draw(st.floats(0, 1e9)),
        "warmup_epochs": draw(part) * epochs,
        "label_smoothing": draw(part),
        "class_weights": draw(
            st.sampled_from(["none", "balanced"])
            | st.dictionaries(st.text(max_size=9), st.floats(0, 9), min_size=1, max_size=3).map(
                lambda weights: tuple(weights.items())
            )
        ),
        "ema_decay": draw(part),
        "patience": draw(st.integers(0, 9)),
        "monitor": draw(st.sampled_from(["val_loss", "val_top1"])),
        "freeze": draw(st.sampled_from(["none", "backbone", 1, 3])),
        "head_rate": draw(st.floats(0.1, 99)),
        "hold_statistics": draw(st.booleans()),
        "resolutions": draw(st.sampled_from([(), ((1, 32),), ((1, 16), (epochs, 32))])),
        "augment": Augment(pad=draw(st.integers(0, 9)), flip=draw(st.booleans()), erase=draw(part)),
    }
    if settings["freeze"] != "none":
        settings["freeze_epochs"] = draw(whole)
    if optimizer == "rmsprop":
        settings["epsilon"] = draw(part)
    if optimizer == "sgd":
        settings["nesterov"] = draw(st.booleans())
    if schedule == "step":
        settings["milestones"] = tuple(map(float, sorted(draw(st.sets(whole, min_size=1, max_size=4)))))
    if schedule in ("step", "exponential"):
        settings["decay"] = draw(part)
    if schedule == "exponential":
        settings["decay_epochs"] = draw(st.floats(0.1, 9))
    return Recipe(epochs=epochs, optimizer=optimizer, schedule=schedule, **settings)


@given(recipes())
def test_text_both_ways(recipe: Recipe) -> None:
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert from_toml(to_toml(recipe)) == recipe
    hash(recipe)


def test_the_shortest_text_is_the_number_of_epochs() -> None:
    assert to_toml(Recipe(epochs=1)) == "epochs = 1\n"


@pytest.mark.parametrize("name", RECIPES)
def test_named_recipes_say_what_they_are(name: str, tmp_path: Path) -> None:
    recipe, comments = recipe_named(name), recipe_comments(name)
    for word in ("result", "time", "command"):
        assert f"\n{word} " in comments, f"{name} says nothing of its {word}"
    (tmp_path / "own.toml").write_text(to_toml(recipe))
    assert recipe_named(tmp_path / "own.toml") == recipe_named(str(tmp_path / "own.toml")) == recipe
    assert recipe.with_epochs(recipe.epochs) == recipe
    assert recipe.with_epochs(7).epochs == 7


def test_an_unknown_recipe_is_refused_with_the_nearest() -> None:
    with pytest.raises(FeatherboneError, match="no recipe is named 'digit'") as caught:
        recipe_named("digit")
    assert "did you mean digits?" in caught.value.hint
    assert "ends in .toml" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"epochs = ", r"own.toml: the recipe is not TOML: "),
        (b"epochs = 3\nlr = 0.1", r"own.toml: recipe has no field 'lr'"),
        (b"epochs = 3\nepochs = 4", "not TOML"),
        (b"learning_rate = 0.1", "recipe lacks epochs"),
        (b"epochs = 2026-01-01", "it must be a whole number"),
        (b"epochs = 3\nlearning_rate = inf", "learning_rate is inf"),
        (b"epochs = 3\nclass_weights = {cat = -1}", "class_weights.cat is -1.0"),
        (b"\xff", "not text in UTF-8"),
        (b"x = " + b"[" * 3000, "nested too deeply"),
    ],
)
def test_files_are_read_strictly(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "own.toml").write_bytes(content)
    with pytest.raises(FeatherboneError, match=message):
        read_recipe(tmp_path / "own.toml")
    with pytest.raises(FeatherboneError, match=r"cannot read .*none.toml: No such file"):
        recipe_named(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epsilon": 0.1}, "the optimizer is sgd"),
        ({"optimizer": "adamw", "nesterov": False}, "nesterov is false but the optimizer is adamw"),
        ({"momentum": 0.0}, "Nesterov"),
        ({"milestones": (1.0,)}, "the schedule is cosine"),
        ({"decay": 0.5}, "the schedule is cosine"),
        ({"schedule": "step", "milestones": (1.0,), "decay_epochs": 2.0}, "the schedule is step"),
        ({"schedule": "step"}, r"milestones is \[\]; it must be one or more epochs"),
        ({"schedule": "step", "milestones": (3.0, 2.0)}, "rising"),
        ({"schedule": "step", "milestones": (6.0,)}, "between 0 and 6"),
        ({"freeze_epochs": 2}, "freeze is none"),
        ({"freeze": 0}, "1 stage or more"),
        ({"freeze": "head"}, "known: none, backbone"),
        ({"resolutions": ((2, 16),)}, "the first from epoch 1"),
        ({"resolutions": ((1, 16), (7, 32))}, "at most 6"),
        ({"class_weights": (("a", 1.0), ("a", 2.0))}, "'a' twice"),
        ({"class_weights": ()}, "names no class"),
        ({"class_weights": "even"}, "known: none, balanced"),
        ({"monitor": "loss"}, "known: val_loss, val_top1"),
    ],
)
def test_settings_that_others_leave_without_a_use_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(FeatherboneError, match=message):
        replace(RECIPE, **change)


def test_over_fewer_epochs_everything_keeps_its_share() -> None:
    recipe = Recipe(
        epochs=90,
        schedule="step",
        milestones=(30.0, 60.0),
        warmup_epochs=5,
        freeze="backbone",
        freeze_epochs=10,
        resolutions=((1, 128), (46, 160), (47, 224)),
    )
    short = recipe.with_epochs(9)
    assert (short.milestones, short.warmup_epochs, short.freeze_epochs) == ((3.0, 6.0), 0.5, 1)
    assert short.resolutions == ((1, 128), (5, 160), (6, 224))
    two, one = recipe.with_epochs(2), recipe.with_epochs(1)
    assert two.resolutions == ((1, 128), (2, 224))
    assert (two.freeze, two.freeze_epochs) == ("backbone", 1)
    assert (one.freeze, one.freeze_epochs, one.resolutions) == ("none", 0, ((1, 224),))
    assert replace(recipe, freeze_epochs=0).with_epochs(1).freeze == "backbone"  # for good, as before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": 3}, r"no field 'epoch' \(did you mean epochs\?\)"),
        ({"epochs": 3.5}, "recipe.epochs is 3.5; it must be a whole number"),
        ({"epochs": True}, "it must be a whole number"),
        ({"augment": {"flips": True}}, r"recipe.augment has no field 'flips' \(did you mean flip\?\)"),
        ({"augment": [1]}, "must be an object"),
        ({"freeze": 1.5}, "recipe.freeze is 1.5; it must be text or a whole number"),
        ({"class_weights": [1, 2]}, r"recipe.class_weights is \[1, 2\]; it must be text or an object"),
        ({"class_weights": {"cat": "x"}}, "recipe.class_weights.cat is 'x'; it must be a number"),
        ({"augment": {"pad": -1}}, "pad is -1"),
        ({"optimizer": "sdg"}, r"optimizer is 'sdg'; known: sgd, adamw, rmsprop \(did you mean sgd\?\)"),
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


def test_default_recipes_fit_the_data() -> None:
    grey = default_recipe(dataset(splits={"train": stripes(2000, 0)}), 20)
    assert (grey.epochs, grey.batch_size, grey.augment.flip) == (20, 64, False)
    colour = default_recipe(dataset(channels=3, resolution=96, splits={"train": stripes(4000, 0)}), 4)
    assert colour.augment == Augment(pad=12, flip=True)
    assert (colour.batch_size, colour.warmup_epochs) == (128, 0.8)
    few = default_recipe(dataset(splits={"train": stripes(40, 0)}), 1)
    assert few.batch_size == 16
    assert few.learning_rate == pytest.approx(recipe_named("digits").learning_rate / 4)
    assert few.warmup_epochs < 1
