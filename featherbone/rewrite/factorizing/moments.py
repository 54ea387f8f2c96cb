"""What layers read, as second moments: all that data-aware factorization needs to know of images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from featherbone.files import MIB
from featherbone.graph import Graph, Node
from featherbone.graph.operators import Opaque
from featherbone.progress import Progress, Reading, silent
from featherbone.rewrite.factorizing.form import no_layer
from featherbone.rewrite.mending.layer_matrix import sides_of_matrix
from featherbone.rewrite.mending.moments import WIDEST, Moments
from featherbone.rewrite.mending.rows import places_of, read_rows
from featherbone.rewrite.part import part
from featherbone.rewrite.trained_graph import TrainedGraph

BATCH = 64  # images that are computed at a time
MEMORY = 512 * MIB  # bytes of moments that are taken in one pass over the images


def moments_of(
    network: TrainedGraph, images: torch.Tensor, layers: Sequence[str], *, progress: Progress = silent
) -> dict[str, Moments]:
    """For each of these layers, the moments of the rows that it reads where the network is given these images.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).conv(4, 3, name="stem").act("relu").graph("tiny")
    >>> network = TrainedGraph(graph, weights_of(module(graph, seed=0)))
    >>> found = moments_of(network, torch.ones(2, 3, 8, 8), ["stem"])["stem"]
    >>> found.rows, found.read.shape                             # 3·3·3 weights and a bias
    (128, torch.Size([1, 28, 28]))

    ``images`` are as the network takes them, and need no labels. Left out is a layer whose moments would be too large,
    and one that reads what an operator outside the vocabulary makes.

    Raises:
        FeatherboneError: a name that the network does not have.
    """
    graph = network.graph
    hidden = _behind_opaque(graph)
    nodes = [graph[name] for name in layers if name not in hidden and not _too_wide(graph, graph[name])]
    found: dict[str, Moments] = {}
    for some in _together(graph, nodes):
        sources = list(dict.fromkeys(node.inputs[0] for node in some))
        (source,) = graph.inputs
        compute = part(network, [source.name], sources)
        sums = {node.name: Moments() for node in some}
        places = {node.name: places_of(node.shape, _columns(graph, node), len(images)) for node in some}
        for start in range(0, len(images), BATCH):
            progress(Reading(what="reading maps", done=start, total=len(images), unit="images"))
            with torch.inference_mode():
                maps = compute({source.name: images[start : start + BATCH]})
                for node in some:
                    rows = read_rows(maps[node.inputs[0]], node.operator, places[node.name])
                    sums[node.name].add(rows, rows.new_zeros(*rows.shape[:2], 0))
        found.update(sums)
    return found


def _columns(graph: Graph, node: Node) -> int:
    return sides_of_matrix(graph, node)[1] + 1


def _too_wide(graph: Graph, node: Node) -> bool:
    return bool(no_layer(node.operator, graph.input_shapes(node)[0])) or _columns(graph, node) > WIDEST


def _behind_opaque(graph: Graph) -> set[str]:
    """The nodes that can't be computed."""
    found: set[str] = set()
    for node in graph.nodes:
        if isinstance(node.operator, Opaque) or any(name in found for name in node.inputs):
            found.add(node.name)
    return found


def _together(graph: Graph, nodes: Sequence[Node]) -> Iterator[list[Node]]:
    """The layers, so many at a time that their moments fit into the memory."""
    some: list[Node] = []
    size = 0
    for node in nodes:
        needed = 8 * _columns(graph, node) ** 2
        if some and size + needed > MEMORY:
            yield some
            some, size = [], 0
        some.append(node)
        size += needed
    if some:
        yield some
