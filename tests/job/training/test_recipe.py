"""The recipe of a training follows from the images and from what was asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from featherbone.data import open_dataset
from featherbone.job.training.recipe import recipe_for
from featherbone.job.training.request import TrainRequest


def asked(**options: Any) -> TrainRequest:
    return TrainRequest(source="digits", network="r8 | stem w4 | head w8", **options)


def test_the_learning_rate_follows_the_batches_that_there_can_be() -> None:
    digits = open_dataset("digits")
    images = len(digits.splits["train"].labels)
    whole, said = recipe_for(digits, asked(batch_size=images), tuned=False)
    more, told = recipe_for(digits, asked(batch_size=100 * images), tuned=False)
    assert more.learning_rate == whole.learning_rate == 0.2 * images / 64
    assert more.batch_size == 100 * images
    assert told == said
    assert f"{images} in place of 64" in told[0]


def test_the_average_of_the_weights_fits_a_short_run() -> None:
    digits = open_dataset("digits")
    short, said = recipe_for(digits, asked(recipe="cifar10-full", epochs=10), tuned=False)
    assert 0 < short.ema_decay < 0.8  # over a small share of the run's 90 steps
    assert f"ema_decay is {short.ema_decay:.4g} in place of 0.99:" in said[0]


def test_the_average_is_over_as_many_images_with_other_batches() -> None:
    digits = open_dataset("digits")
    usual, _ = recipe_for(digits, asked(epochs=1000), tuned=False)
    larger, _ = recipe_for(digits, asked(epochs=1000, batch_size=128), tuned=False)
    assert usual.ema_decay == 0.98
    assert abs(larger.ema_decay - 0.96) < 1e-9


def test_a_recipe_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("epochs = 3\nema_decay = 0.999")
    recipe, said = recipe_for(open_dataset("digits"), asked(recipe=str(tmp_path / "own.toml")), tuned=False)
    assert (recipe.ema_decay, said) == (0.999, [])


@pytest.mark.parametrize("images", [20, 900])
def test_fine_tuning_ends_with_its_last_epoch_however_few_the_images(images: int) -> None:
    digits = open_dataset("digits")
    whole = digits.splits["train"]
    train = replace(whole, images=whole.images[:images], labels=whole.labels[:images], paths=whole.paths[:images])
    few = replace(digits, splits={**digits.splits, "train": train})
    recipe, _ = recipe_for(few, asked(), tuned=True)
    assert (recipe.epochs, recipe.freeze_epochs, recipe.patience, recipe.hold_statistics) == (20, 2, 0, True)
