"""The recipe of a training follows from the images and from what was asked."""

from __future__ import annotations

from featherbone.data import open_dataset
from featherbone.job.training_options import Options
from featherbone.job.training_recipe import recipe_for


def test_the_learning_rate_follows_the_batches_that_there_can_be() -> None:
    digits = open_dataset("digits")
    images = len(digits.splits["train"].labels)
    whole, said = recipe_for(digits, Options(batch_size=images), tuned=False)
    more, told = recipe_for(digits, Options(batch_size=100 * images), tuned=False)
    assert more.learning_rate == whole.learning_rate == 0.2 * images / 64
    assert more.batch_size == 100 * images
    assert told == said
    assert f"{images} in place of 64" in told[0]
