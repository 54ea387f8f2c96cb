"""The recipe to begin with for a data set."""

from __future__ import annotations

import math
from dataclasses import replace

from featherbone.data.dataset import Dataset
from featherbone.train.recipe import Recipe
from featherbone.train.recipes import recipe_named

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
    learning rate with it (arXiv:1706.02677).
    """
    recipe = recipe_named("digits" if dataset.channels == 1 else "cifar10-small")
    if dataset.channels != 1:
        recipe = replace(recipe, augment=replace(recipe.augment, pad=max(1, dataset.resolution // 8)))
    most = max(1, len(dataset.splits["train"].labels) // STEPS_AN_EPOCH)
    batch_size = min(recipe.batch_size, max(SMALLEST_BATCH, 2 ** round(math.log2(most))))
    return replace(
        recipe,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=recipe.learning_rate * batch_size / recipe.batch_size,
        warmup_epochs=min(recipe.warmup_epochs, epochs / 5),
    )
