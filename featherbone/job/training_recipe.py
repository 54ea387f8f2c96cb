"""The recipe of a training: what was asked over what suits the images."""

from __future__ import annotations

import math
from dataclasses import replace

from featherbone.data import Dataset
from featherbone.train import Recipe, default_recipe


def default_epochs(dataset: Dataset) -> int:
    """Fewer for more images, as an epoch of them holds more steps: 75 for 1,000 images, 11 for 45,000.

    >>> from featherbone.data import open_dataset
    >>> default_epochs(open_dataset("digits"))
    73
    """
    return min(75, max(9, round(2400 / math.sqrt(len(dataset.splits["train"].labels)))))


def recipe_for(
    dataset: Dataset, *, epochs: int | None, batch_size: int | None, learning_rate: float | None
) -> tuple[Recipe, list[str]]:
    """The recipe for a data set, and a sentence about what followed from an option.

    >>> from featherbone.data import open_dataset
    >>> recipe, notes = recipe_for(open_dataset("digits"), epochs=4, batch_size=32, learning_rate=None)
    >>> recipe.batch_size, recipe.learning_rate, notes
    (32, 0.1, ['the learning rate is 0.1 in place of 0.2: it follows the batch size, 32 in place of 64'])

    A batch size that is given without a learning rate moves it in proportion (arXiv:1706.02677).
    """
    recipe, notes = default_recipe(dataset, default_epochs(dataset) if epochs is None else epochs), []
    if batch_size is not None and batch_size != recipe.batch_size:
        before, rate = recipe, recipe.learning_rate * batch_size / recipe.batch_size
        recipe = replace(recipe, batch_size=batch_size, learning_rate=rate)
        if learning_rate is None:
            notes.append(
                f"the learning rate is {rate:g} in place of {before.learning_rate:g}: it follows the batch size, "
                f"{batch_size} in place of {before.batch_size}"
            )
    if learning_rate is not None:
        recipe = replace(recipe, learning_rate=learning_rate)
    return recipe, notes
