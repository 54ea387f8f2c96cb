"""A network whose layers are rounded one after the other, each on the maps of those before it as they are now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from featherbone.files import MIB
from featherbone.graph import Node
from featherbone.progress import Progress, Reading, silent
from featherbone.quantize.fake import fake_part
from featherbone.quantize.grid import Grid
from featherbone.quantize.nearest import grid_read, nearest_network, quantized_layer
from featherbone.quantize.network import QuantizedLayer, QuantizedNetwork
from featherbone.quantize.rounding.layer import RoundedMatrix, rounded_matrix
from featherbone.rewrite.mending.frontier import Frontier
from featherbone.rewrite.mending.layer_matrix import has_bias, matrix_of, sides_of_matrix
from featherbone.rewrite.mending.layer_moments import layer_moments
from featherbone.rewrite.mending.moments import WIDEST
from featherbone.rewrite.mending.rows import is_layer
from featherbone.rewrite.part import Maps
from featherbone.rewrite.trained_graph import TrainedGraph

MEMORY = 512 * MIB  # bytes of maps that are kept, twice


@dataclass(frozen=True, kw_only=True)
class RoundedLayer:
    """How a layer was rounded, and its error on images held out, as a share of that of rounding to the nearest."""

    name: str
    how: str
    error: float


def rounded_network(
    network: TrainedGraph,
    grids: Mapping[str, Grid],
    images: torch.Tensor,
    bits: int | Mapping[str, int],
    *,
    float_layers: Sequence[str] = (),
    progress: Progress = silent,
) -> tuple[QuantizedNetwork, tuple[RoundedLayer, ...]]:
    """A prepared network with integers for its weights, chosen by what they do to the output of each layer.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).conv(4, 3, bias=True, name="a").act("relu").conv(4, 3, bias=True, name="b").graph("tiny")
    >>> images = torch.randn(24, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> found, how = rounded_network(TrainedGraph(graph, weights_of(module(graph, seed=0))), {}, images, 3)
    >>> [each.name for each in how], found.layers["b"].bits
    (['a', 'b'], 3)

    The target of a layer is what it writes in float; of one that ends a residual branch, the error of the shortcut
    besides (``featherbone.rewrite.mending``). ``images`` need no labels. Layers that are no matrix, or have more
    columns than moments are taken of, are rounded to the nearest.
    """
    found = nearest_network(network, grids, bits, float_layers=float_layers)
    state = [found]

    def through(known: Sequence[str], wanted: Sequence[str]) -> Callable[[Maps], Maps]:
        return fake_part(state[0], known, wanted)

    before, after = Frontier(network, images, MEMORY), Frontier(network, images, MEMORY, through)
    graph, told = network.graph, []
    todo = [
        node
        for node in graph.nodes
        if node.name in found.layers and is_layer(node.operator) and sides_of_matrix(graph, node)[1] <= WIDEST
    ]
    for place, node in enumerate(todo):
        progress(Reading(what="rounding layers", done=place, total=len(todo), unit="layers"))
        ahead = [later.name for later in todo[place:]]
        seen, held_out = layer_moments(before, after, node, ahead, {})
        width = found.layers[node.name].bits
        start = matrix_of(graph, node, network.weights)
        matrix = rounded_matrix(start, seen, held_out, width, bias=has_bias(node))
        layers = {**state[0].layers, node.name: _layer(network, node, matrix, grids, width)}
        state[0] = replace(state[0], layers=layers)
        told.append(RoundedLayer(name=node.name, how=matrix.how, error=matrix.error))
    progress(Reading(what="rounding layers", done=len(todo), total=len(todo), unit="layers"))
    return state[0], tuple(told)


def _layer(
    network: TrainedGraph, node: Node, matrix: RoundedMatrix, grids: Mapping[str, Grid], bits: int
) -> QuantizedLayer:
    """The layer of a matrix: its rows once more on their steps, which gives the same levels."""
    steps = matrix.steps.flatten()
    rows = matrix.levels.flatten(0, 1) * steps[:, None]
    bias = matrix.bias.flatten().float() if has_bias(node) else None
    shape = tuple(network.weights[f"{node.name}.weight"].shape)
    return quantized_layer(node, shape, rows, steps, bias, bits, grid_read(node, grids))
