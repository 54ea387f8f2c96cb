import pytest
import torch

from featherbone.networks import network
from featherbone.nn import module, module_with, weights_of
from featherbone.rewrite import TrainedGraph
from featherbone.rewrite.part import part

IMAGES = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def trained() -> TrainedGraph:
    graph = network("shufflenet_v2", resolution=64)
    return TrainedGraph(graph, weights_of(module(graph, seed=0)))


def test_two_parts_compute_what_the_whole_does(trained: TrainedGraph) -> None:
    whole = module_with(*trained).eval()
    (source,), (answer,) = trained.graph.inputs, trained.graph.outputs
    middle = trained.graph.nodes[len(trained.graph.nodes) // 2].name
    with torch.inference_mode():
        first = part(trained, {source.name}, [middle])({source.name: IMAGES})
        rest = part(trained, {source.name, middle}, [answer])({source.name: IMAGES, **first})
        torch.testing.assert_close(rest[answer], whole(IMAGES))


def test_what_is_known_is_left_as_it_is_and_handed_on(trained: TrainedGraph) -> None:
    (source,) = trained.graph.inputs
    act = next(node.name for node in trained.graph.nodes if node.operator.kind == "activation")
    before = trained.graph[act].inputs[0]
    maps = part(trained, {source.name}, [before])({source.name: IMAGES})
    kept = maps[before].clone()
    found = part(trained, {before}, [act, before])(maps)
    assert found[before] is maps[before]
    assert maps[before].equal(kept)
    assert not found[act].equal(kept)
