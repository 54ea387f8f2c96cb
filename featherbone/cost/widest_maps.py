"""Readings of "the tensors that must be kept": for each side of a map, the most channels of a network that are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from featherbone.graph import Graph, Node

FIRST, LAST = "first", "last"


def _every_tensor(graph: Graph) -> dict[int, int]:
    return _widest((node.shape[1], node.shape[0]) for node in graph.nodes if len(node.shape) == 3)


def _between_blocks(graph: Graph) -> dict[int, int]:
    return _widest((node.shape[1], node.shape[0]) for node in _leaving(graph))


def _at_the_inputs_side(graph: Graph) -> dict[int, int]:
    entered = _sides_read(graph)
    return _widest((entered[_block(node.name)], node.shape[0]) for node in _leaving(graph))


READINGS: dict[str, Callable[[Graph], dict[int, int]]] = {
    "every tensor": _every_tensor,
    "between blocks": _between_blocks,
    "at the input's side": _at_the_inputs_side,
}


def _widest(tensors: Iterable[tuple[Any, Any]]) -> dict[int, int]:
    most: dict[int, int] = {}
    for side, channels in tensors:
        most[side] = max(most.get(side, 0), channels)
    return most


def _leaving(graph: Graph) -> list[Node]:
    """The maps that another block reads."""
    readers = graph.consumers()
    maps = [node for node in graph.nodes if len(node.shape) == 3 and node.inputs]
    return [node for node in maps if any(_leaves(node, reader) for reader in readers[node.name])]


def _leaves(node: Node, reader: Node) -> bool:
    """Into another block, or, as the pooled map, into the classifier."""
    return _block(reader.name) != _block(node.name) or reader.operator.kind == "flatten"


def _sides_read(graph: Graph) -> dict[str, int]:
    """For each block, the side of the map that comes in from another."""
    sides: dict[str, int] = {}
    for node in graph.nodes:
        for name in node.inputs:
            if _block(name) != _block(node.name) and len(graph[name].shape) == 3:
                sides.setdefault(_block(node.name), graph[name].shape[1])
    return sides


def _block(name: str) -> str:
    """The block of a node; the stem belongs to the first block, the last convolution to the head."""
    stage, _, rest = name.partition(".")
    if stage in ("stem", "stage1") and not rest.startswith("max_pool"):
        return FIRST
    if stage in ("last", "head"):
        return LAST
    return f"{stage}.{rest.partition('.')[0]}"
