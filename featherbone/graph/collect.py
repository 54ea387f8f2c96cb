"""From wires to a graph: walk back from the outputs, order, and give every node its final name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featherbone.graph.graph import Graph, Node

if TYPE_CHECKING:
    from featherbone.graph.wire import Wire


def collect(name: str, outputs: tuple[Wire, ...]) -> Graph:
    """The graph of everything that ``outputs`` depend on.

    Nodes stand in the order of a walk from the first input of each operator, so the order follows from the network
    alone. Two nodes of one name become ``conv`` and ``conv_2``; what is named after a node follows it: ``conv_2_norm``.
    """
    ordered = _ordered(outputs)
    taken: set[str] = {""}
    for wire in ordered:
        scope = wire.scope
        while scope not in taken and scope:
            taken.add(scope)  # as "a.b.", so no node may be called "a.b"
            scope = scope[: scope.rfind(".", 0, -1) + 1]
    stems: dict[int, str] = {}  # a node's name without "_norm" or "_act"
    names: dict[int, str] = {}
    nodes: list[Node] = []
    for wire in ordered:
        key = id(wire)
        if wire.suffix:
            stem = stems[id(wire.inputs[0])]
            full = _free(stem + wire.suffix, taken)
        else:
            full = stem = _free(wire.scope + wire.label, taken)
        taken.add(full)
        stems[key], names[key] = stem, full
        inputs = tuple([names[id(source)] for source in wire.inputs])
        nodes.append(Node(name=full, operator=wire.operator, inputs=inputs, shape=wire.shape))
    return Graph(name=name, nodes=tuple(nodes), outputs=tuple(names[id(wire)] for wire in outputs))


def _free(name: str, taken: set[str]) -> str:
    if name not in taken and name + "." not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken or f"{name}_{number}." in taken:
        number += 1
    return f"{name}_{number}"


def _ordered(outputs: tuple[Wire, ...]) -> list[Wire]:
    """Every wire after its inputs; iterative, as networks may be deeper than Python's stack."""
    order: list[Wire] = []
    seen: set[int] = set()
    for output in outputs:
        stack = [(output, iter(output.inputs))]
        if id(output) in seen:
            continue
        seen.add(id(output))
        while stack:
            wire, rest = stack[-1]
            for source in rest:
                if id(source) not in seen:
                    seen.add(id(source))
                    stack.append((source, iter(source.inputs)))
                    break
            else:
                order.append(wire)
                stack.pop()
    return order
