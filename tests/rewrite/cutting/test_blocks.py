import pytest
import torch

from featherbone.graph import Graph, image, scope
from featherbone.nn import module_with
from featherbone.nn.initialise import initial_weights
from featherbone.rewrite import TrainedGraph, drop
from featherbone.rewrite.cutting.blocks import block_losses


def three_blocks() -> Graph:
    x = image(3, 8).conv(6, 3, name="stem", bias=True).act("relu")
    for number in (1, 2, 3):
        with scope(f"block{number}"):
            x = (x + x.conv(6, 3, bias=True).act("relu").conv(6, 3, bias=True, name="last")).act("relu")
    return x.global_pool().flatten().linear(5, name="classes").graph("three_blocks")


@pytest.fixture(scope="module")
def network() -> TrainedGraph:
    """The second block writes almost nothing, the third a lot."""
    graph = three_blocks()
    weights = initial_weights(graph, seed=0)
    weights["block2.last.weight"] *= 1e-3
    weights["block3.last.weight"] *= 3
    weights["classes.weight"] *= 20
    return TrainedGraph(graph, weights)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randn(64, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_a_block_that_does_nothing_loses_nothing_and_one_that_does_much_loses_most(
    network: TrainedGraph, images: torch.Tensor
) -> None:
    found = block_losses(network, images)
    assert set(found) == {"block1", "block2", "block3"}
    assert found["block2"] < 0.05 * min(found["block1"], found["block3"])


def test_what_follows_makes_up_for_a_part_of_a_block(network: TrainedGraph, images: torch.Tensor) -> None:
    whole, thinner = (module_with(*each).eval() for each in (network, drop(*network, ["block1"])))
    with torch.inference_mode():
        was, now = whole(images).log_softmax(1), thinner(images).log_softmax(1)
    untouched = float((was.exp() * (was - now)).sum(1).mean())
    assert block_losses(network, images)["block1"] < 0.7 * untouched
