"""What a run needs before it starts."""

from __future__ import annotations

from featherbone.data.dataset import Dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.operators import shape_text
from featherbone.train.recipe.recipe import Recipe
from featherbone.train.run.resolution import require_resolutions


def require_trainable(graph: Graph, dataset: Dataset, recipe: Recipe, until_epoch: int) -> None:
    """Raise unless the network takes these images and scores these classes, and the epochs are the recipe's."""
    images = (dataset.channels, dataset.resolution, dataset.resolution)
    if graph.input_shape != images:
        raise FeatherboneError(
            f"{graph.name} takes {shape_text(graph.input_shape)}; "
            f"the images of {dataset.name} are {shape_text(images)}",
            hint="build the network with the data set's channels and resolution",
        )
    if graph.output_shape != (len(dataset.classes),):
        raise FeatherboneError(
            f"{graph.name} writes {shape_text(graph.output_shape)}; {dataset.name} has {len(dataset.classes)} classes",
            hint=f"end the network with flatten and linear({len(dataset.classes)})",
        )
    require_resolutions(graph, recipe)
    if len(dataset.splits["train"].labels) < 2:
        raise FeatherboneError(f"{dataset.name} has fewer than two images to train on")
    if not 1 <= until_epoch <= recipe.epochs:
        raise FeatherboneError(f"until_epoch is {until_epoch}; the recipe has epochs 1 to {recipe.epochs}")
