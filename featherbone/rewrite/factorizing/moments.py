"""What layers read, as second moments: all that data-aware factorization needs to know of images."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from featherbone.graph import Graph, Node
from featherbone.graph.operators import Opaque
from featherbone.progress import Progress, silent
from featherbone.rewrite.factorizing.form import no_layer
from featherbone.rewrite.mending.layer_matrix import sides_of_matrix
from featherbone.rewrite.mending.moments import WIDEST, Moments
from featherbone.rewrite.mending.read_moments import read_moments
from featherbone.rewrite.trained_graph import TrainedGraph


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
    for some in read_moments(network, images, [node.name for node in nodes], progress=progress):
        found.update(some)
    return found


def _too_wide(graph: Graph, node: Node) -> bool:
    return bool(no_layer(node.operator, graph.input_shapes(node)[0])) or sides_of_matrix(graph, node)[1] > WIDEST


def _behind_opaque(graph: Graph) -> set[str]:
    """The nodes that can't be computed."""
    found: set[str] = set()
    for node in graph.nodes:
        if isinstance(node.operator, Opaque) or any(name in found for name in node.inputs):
            found.add(node.name)
    return found
