"""Which layers lose most by being in integers, and the fewest that have to be left in float."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from featherbone.nn import module_with
from featherbone.progress import Progress, Reading, silent
from featherbone.quantize.agreement import answers, divergence
from featherbone.quantize.build import without_grids
from featherbone.quantize.fake import FakeQuantized
from featherbone.quantize.grid import Grid
from featherbone.quantize.nearest import nearest_network
from featherbone.rewrite.trained_graph import TrainedGraph


@dataclass(frozen=True, kw_only=True)
class LayerSensitivity:
    """What the answers differ by, in nats, where all layers but this one are in integers."""

    layer: str
    divergence: float


def sensitivity(
    network: TrainedGraph,
    grids: Mapping[str, Grid],
    bits: int | Mapping[str, int],
    images: torch.Tensor,
    progress: Progress = silent,
) -> tuple[LayerSensitivity, ...]:
    """For each layer what is left of the difference when it is left in float, the one that helps most first.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> from featherbone.quantize.choose import choose_grids
    >>> graph = image(3, 8).conv(4, 3, bias=True, name="a").act("relu").global_pool().flatten().linear(3).graph("tiny")
    >>> network = TrainedGraph(graph, weights_of(module(graph, seed=0)))
    >>> images = torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> found = sensitivity(network, choose_grids(network, images, images).grids, {"a": 2, "linear": 8}, images)
    >>> found[0].layer
    'a'

    Weights are rounded to the nearest. A layer that is left in float takes the map that it writes with it.
    """
    expected = answers(module_with(*network).eval(), images)
    layers = list(nearest_network(network, grids, bits).layers)
    found = []
    for place, name in enumerate(layers):
        progress(Reading(what="sensitivity of layers", done=place, total=len(layers), unit="layers"))
        without = nearest_network(network, without_grids(network, grids, [name]), bits, float_layers=[name])
        said = answers(FakeQuantized(without), images)
        found.append(LayerSensitivity(layer=name, divergence=divergence(expected, said)))
    progress(Reading(what="sensitivity of layers", done=len(layers), total=len(layers), unit="layers"))
    return tuple(sorted(found, key=lambda each: each.divergence))


def fewest(order: Sequence[str], most: int, keeps: Callable[[Sequence[str]], bool]) -> Sequence[str] | None:
    """The fewest layers at the beginning of an order with which something is kept; None where ``most`` are not enough.

    >>> fewest(["a", "b", "c", "d"], 4, lambda layers: len(layers) >= 3)
    ['a', 'b', 'c']
    >>> fewest(["a", "b"], 1, lambda layers: len(layers) >= 2) is None
    True

    It is found by halving, as if one layer more never lost anything.
    """
    low, high = 0, min(most, len(order))
    if not high or not keeps(order[:high]):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if keeps(order[:middle]) else (middle, high)
    return order[:high]
