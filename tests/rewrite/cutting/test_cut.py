from typing import Any

import pytest
import torch

from featherbone.cost import count
from featherbone.graph import Graph, channel_sets
from featherbone.networks import network
from featherbone.nn import module, module_with, weights_of
from featherbone.rewrite import TrainedGraph, fold, narrow
from featherbone.rewrite.cutting.cut import cut_to, widths
from featherbone.rewrite.cutting.prices import Amount


def macs(graph: Graph) -> dict[str, Amount]:
    counted = count(graph)
    return {"macs": Amount(total=counted.macs, nodes={row.name: row.macs for row in counted.rows if row.macs})}


def divergence(whole: TrainedGraph, other: TrainedGraph, images: torch.Tensor) -> float:
    with torch.inference_mode():
        was, now = (module_with(*each).eval()(images).log_softmax(1) for each in (whole, other))
    return float((was.exp() * (was - now)).sum(1).mean())


@pytest.mark.parametrize(
    ("name", "settings"), [("mlperf_tiny_resnet8", {}), ("mobilenet_v2", {"width": 0.35, "resolution": 32})]
)
def test_half_of_a_network_keeps_the_limit_and_loses_less_than_a_random_half(
    name: str, settings: dict[str, Any]
) -> None:
    graph = network(name, classes=10, **settings)
    whole = fold(graph, weights_of(module(graph, seed=0)))
    generator = torch.Generator().manual_seed(0)
    images, fresh = torch.randn(2, 64, *graph.input_shape, generator=generator)
    limit = count(graph).macs // 2
    found = cut_to(whole, images, {"macs": limit}, macs)
    assert count(found.network.graph).macs <= limit
    assert {node.name: len(found.kept[node.name]) for node in found.network.graph.nodes} == {
        node.name: node.shape[0] for node in found.network.graph.nodes
    }
    assert all(after < before for _, before, after in widths(whole.graph, found.network.graph))
    sets = channel_sets(whole.graph)
    half = [number for space in sets.spaces if not space.fixed for number in space.sets[: len(space.sets) * 2 // 7]]
    chance = narrow(*whole, cut=half, sets=sets)
    assert divergence(whole, found.network, fresh) < divergence(
        whole, TrainedGraph(chance.graph, chance.weights), fresh
    )


def test_rounds_come_to_the_same_limit_and_channels_are_told_by_their_first_places() -> None:
    graph = network("mlperf_tiny_resnet8")
    whole = fold(graph, weights_of(module(graph, seed=0)))
    images = torch.randn(48, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    found = cut_to(whole, images, {"macs": 7_000_000}, macs, rounds=2)
    assert count(found.network.graph).macs <= 7_000_000
    gone = {number for name, kept in found.kept.items() for number in _cut(whole.graph, name, kept)}
    assert narrow(*whole, cut=gone).graph == found.network.graph


def _cut(graph: Graph, name: str, kept: tuple[int, ...]) -> set[int]:
    of = channel_sets(graph).of[name]
    return set(of) - {of[place] for place in kept}
