"""The recipe of a training: what was asked over what suits the images."""

from __future__ import annotations

import math
from dataclasses import replace

from featherbone.data import Dataset
from featherbone.errors import FeatherboneError
from featherbone.job.class_weighting import read_class_weights
from featherbone.job.training.options import Options
from featherbone.train import Recipe, default_recipe, recipe_named
from featherbone.train.optimize.span import stretched
from featherbone.train.recipe.named import RECIPES
from featherbone.train.recipe.suited import brief_average

SMALL = 64  # side of images of which a part shows little
FINE_TUNE = "fine-tune"  # the recipe of a network that begins with weights


def default_epochs(dataset: Dataset) -> int:
    """Fewer for more images, as an epoch of them holds more steps: 75 for 1,000 images, 11 for 45,000.

    >>> from featherbone.data import open_dataset
    >>> default_epochs(open_dataset("digits"))
    73
    """
    return min(75, max(9, round(2400 / math.sqrt(len(dataset.splits["train"].labels)))))


def recipe_for(dataset: Dataset, options: Options, *, tuned: bool) -> tuple[Recipe, list[str]]:
    """The recipe for a data set, and a sentence about what followed from an option; ``tuned`` begins with weights.

    >>> from featherbone.data import open_dataset
    >>> recipe, notes = recipe_for(open_dataset("digits"), Options(epochs=4, batch_size=32), tuned=False)
    >>> recipe.batch_size, recipe.learning_rate, notes
    (32, 0.1, ['the learning rate is 0.1 in place of 0.2: it follows the batch size, 32 in place of 64'])

    A batch size that is given without a learning rate moves it in proportion (arXiv:1706.02677); no batch holds more
    than all images. The average of the weights is over the same share of the run with other batches; where a recipe of
    featherbone's is for longer runs than this one, it is shortened.

    Raises:
        FeatherboneError: no such recipe; values that it can't have.
    """
    recipe, notes = _base(dataset, options, tuned), []
    if options.batch_size is not None and options.batch_size != recipe.batch_size:
        most = len(dataset.splits["train"].labels)
        size, usual = min(options.batch_size, most), min(recipe.batch_size, most)
        before, rate = recipe.learning_rate, recipe.learning_rate * size / usual
        decay = stretched(recipe.ema_decay, usual / size)
        recipe = replace(recipe, batch_size=options.batch_size, learning_rate=rate, ema_decay=decay)
        if options.learning_rate is None and not options.find_lr and size != usual:
            notes.append(
                f"the learning rate is {rate:g} in place of {before:g}: it follows the batch size, "
                f"{size} in place of {usual}"
            )
    if options.learning_rate is not None:
        recipe = replace(recipe, learning_rate=options.learning_rate)
    if options.class_weights is not None:
        recipe = replace(recipe, class_weights=read_class_weights(options.class_weights))
    if options.freeze is not None:
        recipe = replace(recipe, freeze=_frozen(options.freeze), freeze_epochs=0)
    if options.recipe is None or options.recipe in RECIPES:
        recipe, asked = brief_average(recipe, dataset), recipe.ema_decay
        if recipe.ema_decay != asked:
            notes.append(
                f"ema_decay is {recipe.ema_decay:.4g} in place of {asked:.4g}: the average of the weights is over a "
                "small share of the run, which is short"
            )
    return recipe, notes


def _base(dataset: Dataset, options: Options, tuned: bool) -> Recipe:
    epochs = options.epochs
    usual = default_recipe(dataset, default_epochs(dataset) if epochs is None else epochs)
    if options.recipe is None and not tuned:
        return usual
    recipe = recipe_named(options.recipe or FINE_TUNE)
    if options.recipe is None and (dataset.channels == 1 or dataset.resolution <= SMALL):
        recipe = replace(recipe, augment=usual.augment)  # the recipe's own is for photos
    return recipe if epochs in (None, recipe.epochs) else recipe.with_epochs(epochs or recipe.epochs)


def _frozen(text: str) -> str | int:
    if text in ("none", "backbone"):
        return text
    if text.isdecimal() and len(text) < 6:
        return int(text)
    raise FeatherboneError(f"--freeze is {text!r}; it must be none, backbone or a number of stages from the image on")
