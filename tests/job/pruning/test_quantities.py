import pytest

from featherbone.cost import count, peak_memory
from featherbone.graph import Graph, image
from featherbone.job.pruning.quantities import measure_of
from featherbone.nn import Model, Preprocessing, module, save_model, weights_of
from featherbone.rewrite import fold, unfold
from featherbone.search import Budget
from featherbone.search.costs.budget import costs_of
from featherbone.search.costs.latency_limit import LatencyLimit

GRAPH = image(3, 16).conv(8, 3, name="a").norm().act("relu").global_pool().flatten().linear(4).graph("tiny")


@pytest.fixture(scope="module")
def folded() -> Graph:
    return fold(GRAPH, weights_of(module(GRAPH, seed=0))).graph


def test_what_norms_will_add_is_counted_before_they_are_there(folded: Graph) -> None:
    found = measure_of(Budget(macs=1, params=1, peak_memory=1, size=1, int8_size=1))(folded)
    assert found["macs"].total == count(GRAPH).macs
    assert found["params"].total == count(GRAPH).params
    assert found["peak_memory"].total == peak_memory(GRAPH).bytes
    assert costs_of(GRAPH).size <= found["size"].total < 1.05 * costs_of(GRAPH).size
    assert sum(found["macs"].nodes.values()) == found["macs"].total


def test_latency_is_what_the_clock_says_and_shared_out(folded: Graph) -> None:
    found = measure_of(Budget(latency=LatencyLimit(ms=1)), clock=lambda graph: 2.5)(folded)["latency"]
    assert found.total == 2.5
    assert found.nodes["a"] > found.nodes["linear"] > 0


def test_a_file_of_the_network_with_norms_is_no_larger(folded: Graph, tmp_path: object) -> None:
    import torch

    whole = fold(GRAPH, weights_of(module(GRAPH, seed=0)))
    graph, weights = unfold(*whole, torch.randn(4, 3, 16, 16))
    seen = Preprocessing(resolution=16, channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
    path = f"{tmp_path}/model.safetensors"
    save_model(path, Model(graph=graph, weights=weights, classes=tuple("abcd"), preprocessing=seen))
    with open(path, "rb") as file:
        assert len(file.read()) <= measure_of(Budget(size=1))(folded)["size"].total
