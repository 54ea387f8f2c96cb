"""Which variable of ``forward`` holds which feature map: reused once it is dead, so that no memory is held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count

from featherbone.graph import Graph
from featherbone.graph.operators import Activation, Add, BatchNorm, Conv, ConvTranspose, Input, Linear, Multiply

FIRST = ("x", "y", "z", "u", "v", "w")
# These write a new tensor and, in training, do not need it again for their own gradient.
FRESH = (Add, BatchNorm, Conv, ConvTranspose, Linear, Multiply)


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """The variable that each node is written to, and the variables that are dead after it."""

    variable: dict[str, str]
    dead: dict[str, tuple[str, ...]]


def assign(graph: Graph) -> Assignment:
    """A linear scan over the nodes: a feature map's variable is free again after its last reader.

    A node takes over the variable of an input that dies with it, ``x`` before the others, so that the trunk of a
    network reads ``x = …(x)``; variables that die and are not taken over are to be deleted.
    """
    order = [name for name, _ in zip(_names(), graph.nodes, strict=False)]
    rank = {name: place for place, name in enumerate(order)}
    variable = {node.name: order[place] for place, node in enumerate(graph.inputs)}
    free = order[len(variable) :][::-1]
    last = {wanted: node.name for node in graph.nodes for wanted in node.inputs}
    last.update(dict.fromkeys(graph.outputs, ""))  # never dead
    dead: dict[str, tuple[str, ...]] = {}
    for node in graph.nodes:
        if isinstance(node.operator, Input):
            continue
        ending = {variable[wanted] for wanted in node.inputs if last[wanted] == node.name}
        target = min(ending, key=rank.__getitem__) if ending else free.pop()
        variable[node.name] = target
        unread = {target} if node.name not in last else set()
        released = sorted((ending - {target}) | unread, key=rank.__getitem__)
        dead[node.name] = tuple(released)
        free = sorted([*free, *released], key=rank.__getitem__, reverse=True) if released else free
    return Assignment(variable=variable, dead=dead)


def in_place(graph: Graph) -> set[str]:
    """The activations that may overwrite their input: it is fresh, nobody else reads it, and it is no output."""
    consumers = graph.consumers()
    return {
        node.name
        for node in graph.nodes
        if isinstance(node.operator, Activation)
        and isinstance(graph[node.inputs[0]].operator, FRESH)
        and len(consumers[node.inputs[0]]) == 1
        and node.inputs[0] not in graph.outputs
    }


def _names() -> Iterator[str]:
    return chain(FIRST, (f"x{number}" for number in count(1)))
