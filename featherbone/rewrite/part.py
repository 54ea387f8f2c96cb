"""A part of a network, from maps that are known to maps that are wanted, as a module of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import torch

from featherbone.graph import Graph
from featherbone.graph.operators import Input, Operator
from featherbone.nn import module_with
from featherbone.rewrite.trained_graph import TrainedGraph

Maps = dict[str, torch.Tensor]  # for each node, what it writes for a batch of images


def reached(graph: Graph, wanted: Sequence[str], known: Collection[str]) -> set[str]:
    """The nodes that have to be looked at to compute ``wanted``, the known ones where it ends included."""
    found: set[str] = set()
    left = list(wanted)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            if name not in known:
                left += graph[name].inputs
    return found


def part(network: TrainedGraph, known: Collection[str], wanted: Sequence[str]) -> Callable[[Maps], Maps]:
    """What computes the maps of the nodes ``wanted`` out of those of the nodes ``known``.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).pointwise(4, name="mix").act("relu", name="act").pointwise(2, name="last").graph("tiny")
    >>> last = part(TrainedGraph(graph, weights_of(module(graph, seed=0))), {"act"}, ["last"])
    >>> last({"act": torch.ones(5, 4, 8, 8)})["last"].shape
    torch.Size([5, 2, 8, 8])

    A node that is known is not computed again, and comes back where it is wanted. The maps have a batch in front, and
    are not changed.
    """
    graph, weights = network
    missing = [name for name in dict.fromkeys(wanted) if name not in known]
    if not missing:
        return lambda maps: {name: maps[name] for name in wanted}
    needed = reached(graph, missing, known)
    entries: list[tuple[str, Operator, tuple[str, ...]]] = []
    held = {}
    for node in graph.nodes:
        if node.name not in needed:
            continue
        if node.name in known:
            entries.append((node.name, Input(shape=node.shape), ()))
            continue
        entries.append((node.name, node.operator, node.inputs))
        shapes = graph.input_shapes(node)
        for key in (*node.operator.parameters(*shapes), *node.operator.buffers(*shapes)):
            held[f"{node.name}.{key}"] = weights[f"{node.shares or node.name}.{key}"]
    piece = Graph.build(graph.name, entries, tuple(missing))
    module = module_with(piece, held).eval()
    sources = [node.name for node in piece.inputs]

    def computed(maps: Maps) -> Maps:
        answer = module(*(maps[name] for name in sources))
        found = dict(zip(missing, (answer,) if isinstance(answer, torch.Tensor) else answer, strict=True))
        return {name: found[name] if name in found else maps[name] for name in wanted}

    return computed
