"""A network whose layers are levels: what is written is what is computed, and how close that is follows the price."""

from __future__ import annotations

import pytest
import torch

from featherbone.graph import concat, image
from featherbone.nn import module_with
from featherbone.nn.initialise import initial_weights
from featherbone.pack import levelled
from featherbone.rewrite import fold
from featherbone.rewrite.mending.mend import fitted_layers
from featherbone.rewrite.trained_graph import TrainedGraph

GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.randn(24, 3, 12, 12, generator=GENERATOR)


def network() -> TrainedGraph:
    x = image(3, 12).conv(12, 3, name="stem").norm().act("relu")
    x = (x + x.depthwise(3, name="filter").norm().pointwise(12, name="mix").norm()).act("relu")
    x = concat(x, x.conv(6, 3, groups=2, name="grouped")).norm(name="late").act("relu")
    graph = x.global_pool().flatten().linear(4, name="scores").graph("tiny")
    return fold(graph, initial_weights(graph, seed=1))


def answers(found: TrainedGraph) -> torch.Tensor:
    with torch.inference_mode():
        return module_with(*found).eval()(IMAGES)


def test_what_is_written_is_what_is_computed():
    whole = network()
    importance = {name: torch.ones(int(whole.graph[name].shape[0])) for name in fitted_layers(whole.graph)}
    found = levelled(whole, IMAGES, importance, price=1e-4)
    assert found.network.graph == whole.graph
    weights = {**{name: each.tensor() for name, each in found.levels.items()}, **found.plain}
    assert weights.keys() == whole.weights.keys()
    for name, tensor in weights.items():
        assert torch.equal(found.network.weights[name], tensor), name
    assert {"stem.weight", "stem.bias", "filter.weight", "grouped.weight", "scores.bias"} <= found.levels.keys()
    assert set(found.plain) == {f"late.{part}" for part in ("weight", "bias", "running_mean", "running_var")}


@pytest.mark.parametrize(("price", "most"), [(1e-13, 0.02), (1e-8, 0.3)])
def test_cheap_bits_change_nothing_and_dear_ones_little(price, most):
    whole = network()
    importance = {name: torch.ones(int(whole.graph[name].shape[0])) for name in fitted_layers(whole.graph)}
    wanted, found = answers(whole), answers(levelled(whole, IMAGES, importance, price).network)
    assert float((found - wanted).norm() / (wanted - wanted.mean(0)).norm()) < most
