"""Networks with grids from what a few random images show."""

from __future__ import annotations

import torch
from narrowing import lively_weights

from featherbone.graph import Graph
from featherbone.quantize import QuantizedNetwork, nearest_network, prepared
from featherbone.quantize.grid import Grid
from featherbone.quantize.observe import observe
from featherbone.quantize.ranges import grids_by
from featherbone.quantize.sharing import shared_grids
from featherbone.rewrite.trained_graph import TrainedGraph


def noise(graph: Graph, count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, *graph.input_shape, generator=torch.Generator().manual_seed(seed))


def grids_of(network: TrainedGraph, images: torch.Tensor, bits: int = 8) -> dict[str, Grid]:
    shared = shared_grids(network.graph)
    return grids_by("min-max", network.graph, shared, observe(network, shared, images), bits)


def quantized(graph: Graph, *, bits: int = 8, maps: int = 8, seed: int = 0, images: int = 8) -> QuantizedNetwork:
    """A network with random weights, all of it in integers, and grids over what noise gives."""
    network = prepared(graph, lively_weights(graph, seed))
    return nearest_network(network, grids_of(network, noise(graph, images), maps), bits)
