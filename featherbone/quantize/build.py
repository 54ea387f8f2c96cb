"""A trained network quantized after training, by images without labels: grids, then integers, then float layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.nn import module_with
from featherbone.progress import Progress, Step, silent
from featherbone.quantize.agreement import agreement, answers, divergence
from featherbone.quantize.choose import ChosenGrids, choose_grids
from featherbone.quantize.fake import FakeQuantized
from featherbone.quantize.grid import Grid
from featherbone.quantize.nearest import nearest_network
from featherbone.quantize.network import QuantizedNetwork
from featherbone.quantize.rounding.network import RoundedLayer, rounded_network
from featherbone.quantize.sharing import shared_grids
from featherbone.rewrite.trained_graph import TrainedGraph

HELD_BACK = 0.2  # share of the images that nothing is fitted to
FEWEST = 8  # images
PLAIN = 8  # bits of weights that rounding to the nearest is good enough for


@dataclass(frozen=True, kw_only=True)
class QuantizationChoice:
    """A quantized network, and how it came about.

    >>> from featherbone.graph import image
    >>> network = QuantizedNetwork(graph=image(1, 1).graph("one"), grids={}, layers={})
    >>> QuantizationChoice(network=network, grids=None, layers=(), divergence=0.01, agreement=0.98).agreement
    0.98

    ``grids`` are those of all maps as they were chosen, None where maps are in float. ``layers`` say how each was
    rounded; they are none where all are rounded to the nearest. ``divergence`` and ``agreement`` are of the whole with
    the float network, on the images held back.
    """

    network: QuantizedNetwork
    grids: ChosenGrids | None
    layers: tuple[RoundedLayer, ...]
    divergence: float
    agreement: float


def quantize(
    network: TrainedGraph,
    images: torch.Tensor,
    *,
    bits: int | Mapping[str, int] = 8,
    maps: int | None = 8,
    float_layers: Sequence[str] = (),
    given: ChosenGrids | None = None,
    progress: Progress = silent,
) -> QuantizationChoice:
    """A prepared network in integers: ``bits`` of weights, of all layers or by name; ``maps`` 8, 16, or None for float.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).conv(4, 3, bias=True).act("relu").global_pool().flatten().linear(3).graph("tiny")
    >>> images = torch.randn(40, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> found = quantize(TrainedGraph(graph, weights_of(module(graph, seed=0))), images)
    >>> found.network.left_in_float(), found.divergence < 0.01
    ([], True)

    ``images`` are as the network takes them, in any order, and need no labels; a fifth of them is held back. A layer of
    ``float_layers`` keeps its weights, and the map that it writes stays in float. Weights of fewer than 8 bits are
    rounded by what they do to their layer's output (``featherbone.quantize.rounding``), unless rounding to the nearest
    is better on the images held back. ``given`` are grids that were chosen before.

    Raises:
        FeatherboneError: too few images, or of one colour each; a map that is not finite.
    """
    require_images(network.graph, images)
    seen, held_back = divided(images)
    chosen = given
    if chosen is None and maps is not None:
        progress(Step(name="ranges", detail=f"of {len(shared_grids(network.graph))} grids, by {len(seen):,} images"))
        chosen = choose_grids(network, seen, held_back, maps, progress)
    grids = {} if chosen is None else without_grids(network, chosen.grids, float_layers)
    expected = answers(module_with(*network).eval(), held_back)
    found = nearest_network(network, grids, bits, float_layers=float_layers)
    layers: tuple[RoundedLayer, ...] = ()
    said = answers(FakeQuantized(found), held_back)
    if any(layer.bits < PLAIN for layer in found.layers.values()):
        progress(Step(name="rounding", detail=f"{len(found.layers)} layers, by what that does to their output"))
        tried, told = rounded_network(network, grids, seen, bits, float_layers=float_layers, progress=progress)
        answered = answers(FakeQuantized(tried), held_back)
        if divergence(expected, answered) <= divergence(expected, said):
            found, layers, said = tried, told, answered
    return QuantizationChoice(
        network=found,
        grids=chosen,
        layers=layers,
        divergence=divergence(expected, said),
        agreement=agreement(expected, said),
    )


def divided(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The images that something is fitted to, and those that are held back."""
    rest = len(images) - max(2, round(HELD_BACK * len(images)))
    return images[:rest], images[rest:]


def without_grids(network: TrainedGraph, grids: Mapping[str, Grid], float_layers: Sequence[str]) -> Mapping[str, Grid]:
    """The grids without those of the maps that these layers write."""
    gone = {name for each in shared_grids(network.graph) if set(each.nodes) & set(float_layers) for name in each.nodes}
    return {name: grid for name, grid in grids.items() if name not in gone}


def require_images(graph: Graph, images: torch.Tensor) -> None:
    """Raise unless a network can be quantized by these images."""
    if tuple(images.shape[1:]) != graph.input_shape:
        given, wanted = (list(shape) for shape in (images.shape[1:], graph.input_shape))
        raise FeatherboneError(f"the images have shape {given}; {graph.name} takes {wanted}")
    if len(images) < FEWEST:
        raise FeatherboneError(
            f"{len(images)} images are too few; at least {FEWEST} are needed",
            hint="a few hundred are good",
        )
    if not bool((images.flatten(2).amax(2) > images.flatten(2).amin(2)).any()):
        raise FeatherboneError(
            "each image is of one colour, so they don't show what the network's maps hold",
            hint="give images like those that it will see",
        )
