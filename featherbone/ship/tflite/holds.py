"""What a TensorFlow Lite file of ours can't hold, said before anything is written."""

from __future__ import annotations

import math

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.operators import Opaque, shape_text
from featherbone.nn.numeric import require_numbers
from featherbone.quantize import QuantizedNetwork

LARGEST = 2**31 - 2**20  # bytes of weights: a flat buffer ends at 2 GiB, and the graph needs a little of it


def require_lite(graph: Graph) -> None:
    """Raise unless there are weights with which the graph can be a TensorFlow Lite file.

    >>> from featherbone.graph import image
    >>> require_lite(image(3, 8).conv(4, 3).graph("tiny"))

    Raises:
        FeatherboneError: with the node: one outside the vocabulary, or a map that has other than two sides; symbolic
            sizes; several inputs or outputs; more weights than a file holds.
    """
    require_numbers(graph, "the network cannot be written as TensorFlow Lite")
    for node in graph.nodes:
        if isinstance(node.operator, Opaque):
            raise FeatherboneError(
                f"{node.name}: {node.operator.describe()} is outside the vocabulary, so {graph.name} cannot be written "
                "as TensorFlow Lite",
                hint="such a graph can be counted, drawn and saved",
            )
        if len(node.shape) not in (1, 3):
            raise FeatherboneError(
                f"{node.name} writes {shape_text(node.shape)}; in TensorFlow Lite a map has two sides here",
                hint="export it to ONNX, which takes up to three",
            )
    for what, found in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        if len(found) != 1:
            raise FeatherboneError(
                f"{graph.name} has {len(found)} {what}; a TensorFlow Lite file of ours has one",
                hint="export it to ONNX, which takes several",
            )
    size = 4 * sum(math.prod(shape) for shape in {**graph.parameters(), **graph.buffers()}.values())
    if size > LARGEST:
        raise FeatherboneError(
            f"{graph.name} has {size / 2**30:.2f} GiB of weights; one TensorFlow Lite file holds at most 2 GiB",
            hint="a smaller width, or the model file (.safetensors), which has no such limit",
        )


def require_lite_grids(network: QuantizedNetwork) -> None:
    """Raise unless the grids of a quantized network are such that TensorFlow Lite computes with them.

    Raises:
        FeatherboneError: as ``require_lite``; a map of 16 bits, with its name.
    """
    require_lite(network.graph)
    wide = next((name for name, grid in network.grids.items() if grid.bits != 8), None)
    if wide is not None:
        raise FeatherboneError(
            f"the map of {wide} has {network.grids[wide].bits} bits; in a TensorFlow Lite file of ours maps have 8",
            hint="quantize with --maps 8, or export to ONNX, which takes 16",
        )
