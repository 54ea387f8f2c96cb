"""The recipe to begin with for a data set."""

from __future__ import annotations

import math
from dataclasses import replace

from featherbone.data.dataset import Dataset
from featherbone.train.optimize.span import within
from featherbone.train.recipe.named import recipe_named
from featherbone.train.recipe.recipe import Recipe
from featherbone.train.run.epochs import equal_batches

SMALLEST_BATCH = 16
STEPS_AN_EPOCH = 16


def default_recipe(dataset: Dataset, epochs: int) -> Recipe:
    """The recipe to begin with.

    >>> from featherbone.data import open_dataset
    >>> default_recipe(open_dataset("digits"), epochs=20).batch_size
    64

    Grey images are taken for drawings and scans, where a mirror changes the meaning: they are shifted, scaled and
    rotated (`digits`). Colour images are cropped from a border of an eighth of their side, and mirrored
    (`cifar10-small`). The batch shrinks for small data sets, so that an epoch has about 16 steps or more, and the
    learning rate with it (arXiv:1706.02677). The average of the weights reaches back as far as the whole run allows.
    """
    recipe = recipe_named("digits" if dataset.channels == 1 else "cifar10-small")
    if dataset.channels != 1:
        recipe = replace(recipe, augment=replace(recipe.augment, pad=max(1, dataset.resolution // 8)))
    most = max(1, len(dataset.splits["train"].labels) // STEPS_AN_EPOCH)
    batch_size = min(recipe.batch_size, max(SMALLEST_BATCH, 2 ** round(math.log2(most))))
    return brief_average(
        replace(
            recipe,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=recipe.learning_rate * batch_size / recipe.batch_size,
            warmup_epochs=min(recipe.warmup_epochs, epochs / 5),
        ),
        dataset,
    )


def brief_average(recipe: Recipe, dataset: Dataset) -> Recipe:
    """The recipe with an average of the weights over a small share of all its steps on a data set.

    >>> from featherbone.data import open_dataset
    >>> digits = open_dataset("digits")
    >>> [round(brief_average(recipe_named("cifar10-full").with_epochs(n), digits).ema_decay, 3) for n in (10, 100)]
    [0.667, 0.967]

    One over more lags behind, as the weights still move fast when a falling rate is halfway. Where the rate is
    constant, more is better, and the recipe is as it was.
    """
    if recipe.schedule == "constant":
        return recipe
    steps, _ = equal_batches(len(dataset.splits["train"].labels), recipe.batch_size)
    return replace(recipe, ema_decay=within(recipe.ema_decay, recipe.epochs * steps))
