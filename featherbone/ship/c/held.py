"""What C can hold, asked before any work."""

from __future__ import annotations

from collections.abc import Mapping

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph import operators as op
from featherbone.quantize import QuantizedNetwork

MOST_SIDES = 3
MOST_CHANNELS = 2**16  # as orders of channels and places along a side are held in 16 bits


def require_held(graph: Graph, calls: Mapping[type[op.Operator], object]) -> None:
    """Raise unless C computes every operator of a graph with one image and one answer.

    >>> from featherbone.graph import image
    >>> require_held(image(1, 4).local_response_norm(name="lrn").graph("tiny"), {op.Input: None})
    Traceback (most recent call last):
    featherbone.errors.FeatherboneError: C does not hold lrn (local response norm) of tiny

    Raises:
        FeatherboneError: the operators that it lacks, by name; several images or answers; a map that is too large.
    """
    if graph.is_symbolic:
        raise FeatherboneError(f"{graph.name} has symbolic sizes; C needs numbers")
    given = [node.name for node in graph.nodes if not node.inputs]
    if len(given) != 1 or len(graph.outputs) != 1:
        raise FeatherboneError(
            f"{graph.name} has {len(given)} inputs and {len(graph.outputs)} outputs; C holds networks with one of each"
        )
    absent = [
        f"{node.name} ({node.operator.describe(*graph.input_shapes(node))})"
        for node in graph.nodes
        if node.inputs and type(node.operator) not in calls
    ]
    if absent:
        raise FeatherboneError(f"C does not hold {', '.join(absent)} of {graph.name}")
    for node in graph.nodes:
        if len(node.shape) - 1 > MOST_SIDES or any(int(size) >= MOST_CHANNELS for size in node.shape[:1]):
            raise FeatherboneError(f"{node.name} of {graph.name} has a map of {node.shape}; C holds at most 3 sides")


def require_integers(network: QuantizedNetwork) -> None:
    """Raise unless every node computes in integers, and every map has 8 bits.

    Raises:
        FeatherboneError: the nodes that were left in float, or maps of 16 bits, by name.
    """
    graph = network.graph
    left = network.left_in_float()
    ungridded = [name for name in (graph.nodes[0].name,) if name not in network.grids]
    if left or ungridded:
        raise FeatherboneError(
            f"{', '.join(left or ungridded)} of {graph.name} computes in float; C holds int8 networks without float "
            "layers, and float32 ones",
            hint="quantize without float layers, or export the float model with precision float32",
        )
    wide = [name for name, grid in network.grids.items() if grid.bits != 8]
    if wide:
        raise FeatherboneError(
            f"{', '.join(wide)} of {graph.name} has a map of 16 bits; C holds maps of 8",
            hint="quantize with maps of 8 bits",
        )
