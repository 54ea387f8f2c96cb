"""What layers read, as second moments of their rows: what is known of images where nothing is fitted to a target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from featherbone.files import MIB
from featherbone.graph import Graph, Node
from featherbone.progress import Progress, Reading, silent
from featherbone.rewrite.at_once import at_once
from featherbone.rewrite.mending.layer_matrix import sides_of_matrix
from featherbone.rewrite.mending.moments import WIDEST, Moments
from featherbone.rewrite.mending.rows import places_of, read_rows
from featherbone.rewrite.part import part
from featherbone.rewrite.trained_graph import TrainedGraph

BATCH = 64  # images that are computed at a time, at most
MEMORY = 512 * MIB  # bytes of moments that are taken in one pass over the images


def read_moments(
    network: TrainedGraph, images: torch.Tensor, layers: Sequence[str], *, progress: Progress = silent
) -> Iterator[dict[str, Moments]]:
    """For each layer the moments of the rows that it reads, a few layers at a time so that they fit into the memory.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).conv(4, 3, name="stem").act("relu").conv(2, 3, name="last").graph("tiny")
    >>> network = TrainedGraph(graph, weights_of(module(graph, seed=0)))
    >>> [[*found] for found in read_moments(network, torch.ones(2, 3, 8, 8), ["stem", "last"])]
    [['stem', 'last']]

    ``images`` are as the network takes them, and need no labels. Of a layer with more than ``WIDEST`` weights
    for an output only the diagonal of ``read`` is taken (groups × columns).
    """
    graph = network.graph
    (source,) = graph.inputs
    batch = at_once(graph, BATCH)
    for some in _portions(graph, [graph[name] for name in layers]):
        compute = part(network, [source.name], list(dict.fromkeys(node.inputs[0] for node in some)))
        found = {node.name: Moments() for node in some}
        places = {node.name: places_of(node.shape, sides_of_matrix(graph, node)[1] + 1, len(images)) for node in some}
        for start in range(0, len(images), batch):
            progress(Reading(what="reading maps", done=start, total=len(images), unit="images"))
            with torch.inference_mode():
                maps = compute({source.name: images[start : start + batch]})
                for node in some:
                    found[node.name].add_read(read_rows(maps[node.inputs[0]], node.operator, places[node.name]))
        yield found


def _portions(graph: Graph, nodes: Sequence[Node]) -> Iterator[list[Node]]:
    some: list[Node] = []
    size = 0
    for node in nodes:
        groups, columns = sides_of_matrix(graph, node)
        needed = 8 * groups * columns * (columns if columns <= WIDEST else 1)
        if some and size + needed > MEMORY:
            yield some
            some, size = [], 0
        some.append(node)
        size += needed
    if some:
        yield some
