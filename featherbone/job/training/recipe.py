"""The recipe of a training: what was asked over what suits the images."""

from __future__ import annotations

import math
from dataclasses import replace

from featherbone.data import Dataset
from featherbone.errors import FeatherboneError
from featherbone.job.class_weighting import read_class_weights
from featherbone.job.training.request import TrainRequest
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


def recipe_for(dataset: Dataset, request: TrainRequest, *, tuned: bool) -> tuple[Recipe, list[str]]:
    """The recipe for a data set, and a sentence about what followed from an option; ``tuned`` begins with weights.

    >>> from featherbone.data import open_dataset
    >>> request = TrainRequest(source="digits", network="squeezenet1_1", epochs=4, batch_size=32)
    >>> recipe, notes = recipe_for(open_dataset("digits"), request, tuned=False)
    >>> recipe.batch_size, recipe.learning_rate, notes
    (32, 0.1, ['the learning rate is 0.1 in place of 0.2: it follows the batch size, 32 in place of 64'])

    A batch size that is given without a learning rate moves it in proportion (arXiv:1706.02677); no batch holds more
    than all images. The average of the weights is over the same share of the run with other batches; where a recipe of
    featherbone's is for longer runs than this one, it is shortened.

    Raises:
        FeatherboneError: no such recipe; values that it can't have.
    """
    recipe, notes = basic_recipe(dataset, request.recipe, request.epochs, tuned=tuned), []
    if request.batch_size is not None and request.batch_size != recipe.batch_size:
        before, (recipe, said) = recipe.learning_rate, _with_batches(recipe, request.batch_size, dataset)
        if request.learning_rate is None and not request.find_lr and recipe.learning_rate != before:
            notes.append(said)
    if request.learning_rate is not None:
        recipe = replace(recipe, learning_rate=request.learning_rate)
    if request.class_weights is not None:
        recipe = replace(recipe, class_weights=read_class_weights(request.class_weights))
    if request.freeze is not None:
        recipe = replace(recipe, freeze=_frozen(request.freeze), freeze_epochs=0)
    recipe, shortened = averaged_briefly(recipe, request.recipe, dataset)
    return recipe, [*notes, *shortened]


def basic_recipe(dataset: Dataset, name: str | None, epochs: int | None, *, tuned: bool) -> Recipe:
    """The recipe of a name or a file, or else what suits the images; over so many epochs, where they are given."""
    usual = default_recipe(dataset, default_epochs(dataset) if epochs is None else epochs)
    if name is None and not tuned:
        return usual
    recipe = recipe_named(name or FINE_TUNE)
    if name is None and (dataset.channels == 1 or dataset.resolution <= SMALL):
        recipe = replace(recipe, augment=usual.augment)  # the recipe's own is for photos
    return recipe if epochs in (None, recipe.epochs) else recipe.with_epochs(epochs or recipe.epochs)


def averaged_briefly(recipe: Recipe, name: str | None, dataset: Dataset) -> tuple[Recipe, list[str]]:
    """The recipe with an average of the weights that is short enough for its run, and a sentence where that is another.

    A recipe of one's own, of a file, is taken as it is.
    """
    if name is not None and name not in RECIPES:
        return recipe, []
    brief = brief_average(recipe, dataset)
    if brief.ema_decay == recipe.ema_decay:
        return brief, []
    return brief, [
        f"ema_decay is {brief.ema_decay:.4g} in place of {recipe.ema_decay:.4g}: the average of the weights is over a "
        "small share of the run, which is short"
    ]


def _with_batches(recipe: Recipe, batch_size: int, dataset: Dataset) -> tuple[Recipe, str]:
    """The recipe with other batches, and what that makes of its learning rate."""
    most = len(dataset.splits["train"].labels)
    size, usual = min(batch_size, most), min(recipe.batch_size, most)
    before, rate = recipe.learning_rate, recipe.learning_rate * size / usual
    decay = stretched(recipe.ema_decay, usual / size)
    said = (
        f"the learning rate is {rate:g} in place of {before:g}: it follows the batch size, {size} in place of {usual}"
    )
    return replace(recipe, batch_size=batch_size, learning_rate=rate, ema_decay=decay), said


def _frozen(text: str) -> str | int:
    if text in ("none", "backbone"):
        return text
    if text.isdecimal() and len(text) < 6:
        return int(text)
    raise FeatherboneError(f"--freeze is {text!r}; it must be none, backbone or a number of stages from the image on")
