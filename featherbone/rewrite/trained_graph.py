"""What a rewrite takes and gives: a graph and the weights that fit it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch

from featherbone.graph import Graph


class TrainedGraph(NamedTuple):
    """A graph with its weights, by the names that ``featherbone.nn.weights_of`` gives them.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).pointwise(4, name="mix").graph("tiny")
    >>> TrainedGraph(graph, weights_of(module(graph, seed=0))).weights["mix.weight"].shape
    torch.Size([4, 3, 1, 1])
    """

    graph: Graph
    weights: Mapping[str, torch.Tensor]
