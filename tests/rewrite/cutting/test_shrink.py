import pytest
import torch

from featherbone.blocks import branched
from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image, scope
from featherbone.graph.operators import BatchNorm
from featherbone.nn import Model, Preprocessing
from featherbone.nn.initialise import initial_weights
from featherbone.rewrite import inference_form
from featherbone.rewrite.cutting.means import Means
from featherbone.rewrite.cutting.prices import Amount
from featherbone.rewrite.cutting.shrink import resized_images, shrink


def macs(graph: Graph) -> dict[str, Amount]:
    counted = count(graph)
    return {"macs": Amount(total=counted.macs, nodes={row.name: row.macs for row in counted.rows if row.macs})}


@pytest.fixture(scope="module")
def model() -> Model:
    """A network whose second block does nothing, and whose answers depend on means of what it sees."""
    x = image(3, 16).conv(8, 1, name="stem", bias=True).act("relu")
    for number in (1, 2):
        with scope(f"block{number}"):
            x = x + x.pointwise(16, name="in", bias=True).act("relu").pointwise(8, name="out", bias=True)
    graph = x.global_pool().flatten().linear(4, name="classes").graph("small")
    weights = initial_weights(graph, seed=0)
    weights["block2.out.weight"] *= 0
    weights["classes.weight"] *= 20
    seen = Preprocessing(resolution=16, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    return Model(graph=graph, weights=weights, classes=tuple("abcd"), preprocessing=seen)


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    """Of even colours, which every resolution shows alike."""
    colours = torch.randn(96, 3, 1, 1, generator=torch.Generator().manual_seed(0))
    return colours.repeat(1, 1, 16, 16)


def disagreement(model: Model, other: Model, images: torch.Tensor) -> float:
    seen = resized_images(images, other.preprocessing.resolution)
    with torch.inference_mode():
        was, now = model.module().eval()(images).log_softmax(1), other.module().eval()(seen).log_softmax(1)
    return float((was.exp() * (was - now)).sum(1).mean())


def test_the_block_that_does_nothing_goes_before_any_channel(model: Model, images: torch.Tensor) -> None:
    limit = int(count(model.graph).macs) * 2 // 3
    found = shrink(model, images, {"macs": limit}, macs)
    assert found.cut.dropped == ("block2",)
    assert count(found.model.graph).macs <= limit
    assert disagreement(model, found.model, images) < 1e-4


def test_a_resolution_that_loses_nothing_goes_before_channels(model: Model, images: torch.Tensor) -> None:
    limit = int(count(model.graph).macs) * 2 // 5
    found = shrink(model, images, {"macs": limit}, macs, Means(blocks=False, resolutions=(10,)))
    assert found.model.preprocessing.resolution == 10
    assert found.model.graph.input_shape == (3, 10, 10)
    assert disagreement(model, found.model, images) < 1e-4
    kept = shrink(model, images, {"macs": limit}, macs, Means(blocks=False))
    assert kept.model.preprocessing.resolution == 16
    assert kept.loss > found.loss


def test_a_resolution_that_loses_more_than_channels_is_not_taken(model: Model) -> None:
    noise = torch.randn(96, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 3
    limit = int(count(model.graph).macs) * 9 // 10
    found = shrink(model, noise, {"macs": limit}, macs, Means(blocks=False, resolutions=(4,)))
    assert found.model.preprocessing.resolution == 16


def test_what_comes_out_has_norms_to_train_and_widths_of_the_multiple(model: Model, images: torch.Tensor) -> None:
    limit = int(count(model.graph).macs) * 2 // 3
    found = shrink(model, images, {"macs": limit}, macs, Means(blocks=False, multiple=8))
    graph = found.model.graph
    assert count(graph).macs <= limit
    assert any(isinstance(node.operator, BatchNorm) for node in graph.nodes)
    assert {int(graph[name].shape[0]) for name in ("stem", "block1.in", "block2.in")} <= {4, 8, 16}


def test_limits_that_nothing_keeps_are_refused(model: Model, images: torch.Tensor) -> None:
    with pytest.raises(FeatherboneError, match="small still has macs"):
        shrink(model, images, {"macs": 10}, macs, Means(resolutions=(8,)))


def test_branches_are_merged_before_they_are_cut_and_what_is_counted_is_what_ships() -> None:
    x = image(3, 16).conv(8, 3, name="stem", bias=True).act("relu")
    graph = branched(x, 8, copies=3).act("relu").global_pool().flatten().linear(4).graph("branched")
    seen = Preprocessing(resolution=16, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    weights = initial_weights(graph, seed=0)
    model = Model(graph=graph, weights=weights, classes=tuple("abcd"), preprocessing=seen)
    merged = int(count(inference_form(graph, weights).graph).macs)
    assert merged < int(count(graph).macs) // 2
    pictures = torch.randn(32, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    found = shrink(model, pictures, {"macs": 0.9 * merged}, macs)
    assert 0.5 * merged < count(found.model.graph).macs <= 0.9 * merged
    assert sum(node.operator.kind == "conv" for node in found.model.graph.nodes) == 2
