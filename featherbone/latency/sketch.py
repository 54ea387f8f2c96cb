"""A network with its channels as arrays: one structure, many widths at once. Batch norms are folded as in the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from featherbone.graph import Graph, Node
from featherbone.graph.folding import folded_norms
from featherbone.graph.operators import Conv, Dropout, Operator
from featherbone.graph.parallel import merged_graph
from featherbone.latency.kernel import DEPTHWISE


class Part(NamedTuple):
    """One operator: the places of the parts that it reads, how many read it, its channels (n,) and sides.

    A network that a sketch is a part of may read its last part more often than once; ``readers`` of it is 1.
    """

    operator: Operator
    inputs: tuple[int, ...]
    readers: int
    channels: np.ndarray
    sides: tuple[int, int]
    groups: int


def sketch(graph: Graph) -> tuple[Part, ...]:
    """The parts of one network, each with its own channels.

    >>> from featherbone.graph import image
    >>> parts = sketch(image(3, 8).conv(4, 3, stride=2).norm().act("relu").graph("tiny"))
    >>> [(part.operator.kind, part.channels.tolist(), part.sides) for part in parts]
    [('input', [3], (8, 8)), ('conv', [4], (4, 4)), ('activation', [4], (4, 4))]
    """
    graph = merged_graph(graph)  # as the file that is timed
    nodes, inputs = folded(graph)
    return parts_of(
        graph, nodes, inputs, [np.array([node.shape[0]]) for node in nodes], [sides(node) for node in nodes]
    )


def folded(graph: Graph) -> tuple[list[Node], list[tuple[int, ...]]]:
    """The nodes that remain when folded norms and dropout are gone, and the places of what each reads."""
    norms = {norm.name for norm in folded_norms(graph).values()}
    place: dict[str, int] = {}
    nodes: list[Node] = []
    inputs: list[tuple[int, ...]] = []
    for node in graph.nodes:
        if node.name in norms or isinstance(node.operator, Dropout):
            place[node.name] = place[node.inputs[0]]
            continue
        place[node.name] = len(nodes)
        nodes.append(node)
        inputs.append(tuple(place[name] for name in node.inputs))
    return nodes, inputs


def parts_of(
    graph: Graph,
    nodes: Sequence[Node],
    inputs: Sequence[tuple[int, ...]],
    channels: Sequence[np.ndarray],
    maps: Sequence[tuple[int, int]],
) -> tuple[Part, ...]:
    """The parts with these channels and sides."""
    readers = [0] * len(nodes)
    for each in inputs:
        for place in set(each):
            readers[place] += 1
    return tuple(
        Part(
            operator=node.operator,
            inputs=read,
            readers=max(1, readers[place]),
            channels=channels[place],
            sides=maps[place],
            groups=_groups(graph, node),
        )
        for place, (node, read) in enumerate(zip(nodes, inputs, strict=True))
    )


def sides(node: Node) -> tuple[int, int]:
    """Height and width of what a node writes; 1 where it is a vector."""
    height, width = (*node.shape[1:], 1, 1)[:2]
    return int(height), int(width)


def _groups(graph: Graph, node: Node) -> int:
    """As in a kernel's family; 1 where there are none."""
    groups = int(getattr(node.operator, "groups", 1))
    depthwise = isinstance(node.operator, Conv) and groups > 1 and groups == graph.input_shapes(node)[0][0]
    return DEPTHWISE if depthwise else groups
