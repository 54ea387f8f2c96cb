"""Training at other resolutions than that of the data: which side when, whether the network can, and the images."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.operators import Input
from featherbone.nn import source
from featherbone.train.recipe.recipe import Recipe


def side_at(recipe: Recipe, epoch: int, usual: int) -> int:
    """The side of the training images in an epoch, counted from 1; `usual` is that of the data.

    >>> recipe = Recipe(epochs=9, resolutions=((1, 16), (4, 24), (7, 32)))
    >>> [side_at(recipe, epoch, 32) for epoch in (1, 3, 4, 9)]
    [16, 16, 24, 32]

    Small images first is progressive resizing (as in EfficientNetV2, arXiv:2104.00298, section 4); smaller ones to the
    end, and full ones to evaluate, is FixRes (arXiv:1906.06423).
    """
    return next((side for first, side in reversed(recipe.resolutions) if epoch >= first), usual)


def resized(images: Tensor, side: int) -> Tensor:
    """A batch (N, C, H, W) at another resolution: bilinear, antialiased, as images are decoded; unchanged if it fits.

    >>> import torch
    >>> resized(torch.ones(1, 3, 32, 32), 16).shape
    torch.Size([1, 3, 16, 16])
    """
    if images.shape[-1] == side:
        return images
    return functional.interpolate(images, size=(side, side), mode="bilinear", antialias=True, align_corners=False)


def at_resolution(graph: Graph, side: int) -> Graph:
    """The network for images of this side, with the same weights.

    >>> from featherbone.networks import network
    >>> at_resolution(network("cifar_resnet20"), 48).input_shape
    (3, 48, 48)

    Raises `FeatherboneError` where its shapes do not fit then, or its weights would have to have others.
    """
    if graph.input_shape[1:] == (side, side):
        return graph
    entries = [
        (
            node.name,
            Input(shape=(node.shape[0], side, side)) if isinstance(node.operator, Input) else node.operator,
            node.inputs,
        )
        for node in graph.nodes
    ]
    shares = {node.name: node.shares for node in graph.nodes if node.shares}
    refused = f"{graph.name} cannot take images of {side}×{side}"
    hint = "a network that ends in global pooling takes any resolution that its strides leave something of"
    try:
        other = Graph.build(graph.name, entries, graph.outputs, shares=shares)
    except FeatherboneError as error:
        raise FeatherboneError(f"{refused}: {error.sentence}", hint=hint) from None
    before, after = graph.parameters(), other.parameters()
    changed = next((name for name in before if before[name] != after[name]), None)
    if changed is not None:
        raise FeatherboneError(
            f"{refused} with the same weights: {changed} would be {after[changed]} instead of {before[changed]}",
            hint=hint,
        )
    if graph.output_shape != other.output_shape:
        raise FeatherboneError(f"{refused}: it would write {other.output_shape} instead of {graph.output_shape}")
    return other


def require_resolutions(graph: Graph, recipe: Recipe) -> None:
    """Raise unless one module of `graph` computes the network at each of the recipe's resolutions.

    Raises `FeatherboneError` as `at_resolution`; for a side larger than the data's, which would have to be made up; and
    where the network's own code holds the side, as where it resizes a feature map.
    """
    usual = graph.input_shape[1]
    for _, side in recipe.resolutions:
        if side > usual:
            raise FeatherboneError(
                f"resolutions has {side}, and the images are {usual}×{usual}",
                hint=f"open the data at resolution {side}, and build the network for it",
            )
        if _forward(at_resolution(graph, side)) != _forward(graph):
            raise FeatherboneError(
                f"{graph.name} cannot be trained at {side}×{side} and at {usual}×{usual}: its operators hold the side",
                hint="leave resolutions out of the recipe",
            )


def _forward(graph: Graph) -> str:
    """What a module of the graph does, as text."""
    return source(graph).partition("def forward")[2]
