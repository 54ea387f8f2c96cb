"""What a TensorFlow Lite file of ours can't hold, said before anything is written."""

from __future__ import annotations

import math
from collections.abc import Iterator

from featherbone.graph import Graph
from featherbone.graph.operators import Opaque, shape_text
from featherbone.quantize import QuantizedModel, QuantizedNetwork
from featherbone.ship.target import ExportForm, Shipped

LARGEST = 2**31 - 2**20  # bytes of weights: a flat buffer ends at 2 GiB, and the graph needs a little of it


def lite_refusals(model: Shipped, form: ExportForm) -> tuple[str, ...]:
    """Why a network can't be a TensorFlow Lite file, a sentence each, with the names of nodes.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import Preprocessing, Model, module, weights_of
    >>> graph = image(1, 8).flatten().linear(2).graph("tiny")
    >>> seen = Preprocessing(resolution=8, channels=1, mean=(0.5,), std=(0.25,))
    >>> weights = weights_of(module(graph, seed=0))
    >>> lite_refusals(Model(graph=graph, weights=weights, classes=("a", "b"), preprocessing=seen), ExportForm())
    ()
    """
    return (*unheld(model.graph), *(wide_maps(model.network) if isinstance(model, QuantizedModel) else ()))


def unheld(graph: Graph) -> Iterator[str]:
    """Nodes outside the vocabulary, maps with other than two sides, several inputs or outputs, too many weights."""
    for node in graph.nodes:
        if isinstance(node.operator, Opaque):
            yield f"{node.name}: {node.operator.describe()} is outside the vocabulary"
        elif len(node.shape) not in (1, 3):
            yield f"{node.name} writes {shape_text(node.shape)}, and a map has two sides there"
    for what, found in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        if len(found) != 1:
            yield f"it has {len(found)} {what}, and a file of ours has one"
    size = 4 * sum(math.prod(shape) for shape in {**graph.parameters(), **graph.buffers()}.values())
    if size > LARGEST:
        yield f"it has {size / 2**30:.2f} GiB of weights, and a file holds at most 2 GiB"


def wide_maps(network: QuantizedNetwork) -> Iterator[str]:
    """Maps of 16 bits, which have no zero point there."""
    for name, grid in network.grids.items():
        if grid.bits != 8:
            yield f"the map of {name} has {grid.bits} bits, and maps have 8 there"
