"""Small layers of every kind, with weights and images that are alike in no direction."""

from __future__ import annotations

import pytest
import torch

from featherbone.graph import Graph, image
from featherbone.nn import module, weights_of
from featherbone.rewrite import TrainedGraph

torch.set_num_threads(1)


def _graph() -> Graph:
    x = image(6, 9).conv(8, 3, stride=2, bias=True, name="strided").act("relu")
    x = x.conv(8, (3, 5), padding=((0, 2), (1, 2)), name="uneven").norm().act("relu")
    x = x.conv(12, 3, dilation=2, padding=2, bias=True, name="dilated").act("relu").pointwise(4, name="mix")
    return x.depthwise(3, name="filter").global_pool().flatten().linear(4, name="scores").graph("odd")


@pytest.fixture(scope="session")
def network() -> TrainedGraph:
    graph = _graph()
    weights = {name: tensor.clone() for name, tensor in weights_of(module(graph, seed=0)).items()}
    weights["strided.bias"] = torch.linspace(-1, 1, 8)
    return TrainedGraph(graph, weights)


@pytest.fixture(scope="session")
def images() -> torch.Tensor:
    noise = torch.randn(40, 6, 9, 9, generator=torch.Generator().manual_seed(1))
    return noise.cumsum(2).cumsum(1) + 0.5  # neighbours are alike, as in photos
