"""Fewer blocks: branches that a shortcut goes around are taken out of a trained network, graph and weights.

Law: the result computes what the network computes with the last weights of those branches, a norm's scale and shift or
a layer's weight and bias, set to zero.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch

from featherbone.graph import Graph
from featherbone.graph.branches import drop_branches
from featherbone.nn import check_weights
from featherbone.rewrite.trained_graph import TrainedGraph


def drop(graph: Graph, weights: Mapping[str, torch.Tensor], names: Collection[str]) -> TrainedGraph:
    """A trained network without these branches, by the names that ``featherbone.graph.branches`` gives them.

    >>> from featherbone.graph import image, scope
    >>> from featherbone.nn import module, weights_of
    >>> x = image(3, 8).conv(4, 3, name="stem")
    >>> with scope("block1"):
    ...     x = x + x.conv(4, 3).norm()
    >>> graph = x.act("relu").graph("tiny")
    >>> sorted(drop(graph, weights_of(module(graph, seed=0)), ["block1"]).weights)
    ['stem.weight']

    The tensors are copies.

    Raises:
        FeatherboneError: weights that do not fit the graph; a name that no branch has.
    """
    check_weights(graph, weights)
    smaller = drop_branches(graph, names)
    before = {node.name: node.shares or node.name for node in graph.nodes}  # whose weights each node used
    left: dict[str, torch.Tensor] = {}
    for full in (*smaller.parameters(), *smaller.buffers()):
        name, _, key = full.rpartition(".")
        left[full] = weights[f"{before[name]}.{key}"].detach().clone()
    return TrainedGraph(smaller, left)
