"""The recipe that all trials of a search are trained by."""

from __future__ import annotations

from dataclasses import replace

from featherbone.data import Dataset
from featherbone.errors import FeatherboneError
from featherbone.job.class_weighting import read_class_weights
from featherbone.job.training.recipe import SMALL, averaged_briefly, basic_recipe
from featherbone.progress import Noticed, Progress, silent
from featherbone.train import Recipe, recipe_named
from featherbone.train.optimize.objective import class_weights
from featherbone.train.recipe.suited import brief_average

RECIPE = "cut"


def searching_recipe(
    dataset: Dataset,
    name: str | None,
    epochs: int | None,
    progress: Progress = silent,
    *,
    weights: str | None = None,
) -> Recipe:
    """The recipe of a name or a file, or else what suits the images; over so many epochs, where they are given.

    ``weights`` are those of its classes, in place of the recipe's.

    >>> from featherbone.data import open_dataset
    >>> searching_recipe(open_dataset("digits"), None, 40).epochs
    40

    Raises:
        FeatherboneError: no such recipe, one that a search can't use, or one with the weight of a class that the images
            do not have.
    """
    require_searchable(name)
    recipe = basic_recipe(dataset, name, epochs, tuned=False)
    if weights is not None:
        recipe = replace(recipe, class_weights=read_class_weights(weights))
    recipe, notes = averaged_briefly(recipe, name, dataset)
    class_weights(recipe, dataset)
    for sentence in notes:
        progress(Noticed(sentence=sentence))
    return recipe


def cut_recipe(name: str | None, recipe: Recipe, dataset: Dataset) -> Recipe:
    """The recipe of cuts of pretrained networks in a search, whose designs from nothing are trained by ``recipe``.

    >>> from featherbone.data import open_dataset
    >>> from featherbone.data.augment import Augment
    >>> cut_recipe(None, Recipe(epochs=9, augment=Augment(pad=1)), open_dataset("digits")).augment == Augment(pad=1)
    True

    Epochs and weights of classes are the same, as all compete, and so are the changes of images that are no photos.
    Where a recipe was asked for by ``name`` it is taken for cuts, too.
    """
    if name is not None:
        return recipe
    own = recipe_named(RECIPE).with_epochs(recipe.epochs)
    is_photo = dataset.channels > 1 and dataset.resolution > SMALL
    own = replace(own, class_weights=recipe.class_weights, augment=own.augment if is_photo else recipe.augment)
    return brief_average(own, dataset)


def require_searchable(name: str | None) -> None:
    """Raise where trials of this recipe can't be compared: they begin without weights, and a search stops them.

    >>> require_searchable("cifar10-full")
    >>> require_searchable("fine-tune")
    Traceback (most recent call last):
        ...
    featherbone.errors.FeatherboneError: a search can't train by 'fine-tune': it freezes layers (freeze), ...
    """
    if name is None:
        return
    recipe = recipe_named(name)
    unusable = [
        (recipe.freeze != "none", "it freezes layers (freeze), and designs begin without weights"),
        (recipe.hold_statistics, "it holds the statistics of norms (hold_statistics), and designs begin without any"),
        (recipe.patience > 0, "it stops early (patience), and the search decides what goes on"),
        (bool(recipe.resolutions), "its images grow (resolutions), and designs choose their own resolution"),
    ]
    for found, said in unusable:
        if found:
            raise FeatherboneError(
                f"a search can't train by {name!r}: {said}", hint="leave that out of a recipe of your own"
            )
