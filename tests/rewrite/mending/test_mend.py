from typing import Any

import pytest
import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, channel_sets, image
from featherbone.graph.branches import branches
from featherbone.graph.resize import resize_graph
from featherbone.networks import network
from featherbone.nn import module, module_with, weights_of
from featherbone.rewrite import TrainedGraph, drop, narrow
from featherbone.rewrite.mending.mend import mend

GENERATOR = torch.Generator().manual_seed(0)


def trained(graph: Graph) -> TrainedGraph:
    return TrainedGraph(graph, weights_of(module(graph, seed=0)))


def difference(one: TrainedGraph, other: TrainedGraph, images: torch.Tensor) -> float:
    with torch.inference_mode():
        first, second = (module_with(*each).eval()(images) for each in (one, other))
    return float((first - second).square().mean() / first.var())


def test_a_cut_of_what_another_channel_says_is_mended_whole() -> None:
    graph = image(3, 12).conv(6, 3, name="a", bias=True).act("relu").conv(4, 3, name="b", bias=True).graph("tiny")
    whole = trained(graph)
    for key in ("a.weight", "a.bias"):
        whole.weights[key][5] = whole.weights[key][2]
    sets = channel_sets(graph)
    small = narrow(*whole, cut=[sets.of["a"][5]])
    images = torch.randn(40, 3, 12, 12, generator=GENERATOR)
    broken = TrainedGraph(small.graph, small.weights)
    mended = mend(whole, broken, images, kept=small.kept)
    fresh = torch.randn(40, 3, 12, 12, generator=GENERATOR)
    assert difference(whole, broken, fresh) > 0.01
    assert difference(whole, mended.network, fresh) < 1e-6


@pytest.mark.parametrize(
    ("name", "settings"), [("mlperf_tiny_resnet8", {}), ("mobilenet_v3_small", {"width": 0.35, "resolution": 32})]
)
def test_mending_brings_answers_nearer_on_images_it_never_saw(name: str, settings: dict[str, Any]) -> None:
    whole = trained(network(name, **settings))
    generator = torch.Generator().manual_seed(1)
    sets = channel_sets(whole.graph)
    spaces = [space for space in sets.spaces if not space.fixed and len(space.sets) > 4]
    cut = [number for space in spaces for number in space.sets[:: len(space.sets) // 2]]
    small = narrow(*whole, cut=cut, sets=sets)
    images, fresh = torch.randn(2, 64, 3, 32, 32, generator=generator)
    broken = TrainedGraph(small.graph, small.weights)
    mended = mend(whole, broken, images, kept=small.kept)
    assert difference(whole, mended.network, fresh) < 0.5 * difference(whole, broken, fresh)


def test_maps_that_do_not_fit_are_computed_again_to_the_same_end(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = trained(network("mlperf_tiny_resnet8"))
    sets = channel_sets(whole.graph)
    small = narrow(*whole, cut=[space.sets[0] for space in sets.spaces if not space.fixed], sets=sets)
    images = torch.randn(20, 3, 32, 32, generator=GENERATOR)
    broken = TrainedGraph(small.graph, small.weights)
    roomy = mend(whole, broken, images, kept=small.kept)
    monkeypatch.setattr("featherbone.rewrite.mending.mend.MEMORY", 1)
    narrow_room = mend(whole, broken, images, kept=small.kept)
    for name, tensor in roomy.network.weights.items():
        torch.testing.assert_close(narrow_room.network.weights[name], tensor, rtol=1e-3, atol=1e-4)


def test_what_is_not_fitted_is_named() -> None:
    x = image(3, 8).conv(4, 3, name="known")
    changed = trained(x.conv(4, 3, name="new").global_pool().flatten().linear(2, name="head").graph("tiny"))
    original = trained(x.global_pool().flatten().linear(2, name="head").graph("tiny"))
    found = mend(original, changed, torch.randn(10, 3, 8, 8, generator=GENERATOR))
    assert found.left == (("new", "the original has no layer of this name"),)
    assert [layer.name for layer in found.layers] == ["known", "head"]


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (torch.zeros(1, 3, 32, 32), "1 images are too few to mend by; at least 2 are needed"),
        (torch.zeros(4, 3, 16, 16), r"the images have shape \[3, 16, 16\]; .* takes \[3, 32, 32\]"),
    ],
)
def test_images_that_do_not_do_are_refused(images: torch.Tensor, said: str) -> None:
    whole = trained(network("mlperf_tiny_resnet8"))
    with pytest.raises(FeatherboneError, match=said):
        mend(whole, whole, images)


def test_a_branch_makes_up_for_what_its_shortcut_lost() -> None:
    x = image(3, 8)
    graph = (x.conv_transpose(4, 1, name="shortcut") + x.pointwise(4, bias=True, name="branch")).graph("tiny")
    whole = trained(graph)
    broken = TrainedGraph(graph, {**whole.weights, "shortcut.weight": torch.zeros(3, 4, 1, 1)})
    mended = mend(whole, broken, torch.randn(40, 3, 8, 8, generator=GENERATOR))
    assert [name for name, _ in mended.left] == ["shortcut"]
    assert difference(whole, mended.network, torch.randn(40, 3, 8, 8, generator=GENERATOR)) < 1e-6


def test_a_shortcut_that_the_original_does_not_have_is_not_made_up_for() -> None:
    x = image(3, 8)
    original = trained((x.pointwise(4, name="old") + x.pointwise(4, bias=True, name="branch")).graph("tiny"))
    changed = trained((x.pointwise(4, name="new") + x.pointwise(4, bias=True, name="branch")).graph("tiny"))
    mended = mend(original, changed, torch.randn(20, 3, 8, 8, generator=GENERATOR))
    torch.testing.assert_close(
        mended.network.weights["branch.weight"], original.weights["branch.weight"], rtol=1e-3, atol=1e-4
    )


def test_a_layer_behind_a_dropped_block_makes_up_for_it() -> None:
    x = image(3, 8).conv(4, 3, name="stem", bias=True)
    first = x + x.pointwise(4, name="first", bias=True)
    graph = (first + x.pointwise(4, name="second", bias=True)).conv(2, 1, name="last", bias=True).graph("residual")
    whole = trained(graph)
    thinner = drop(*whole, [branches(graph)[0].name])
    assert "first" not in thinner.graph
    images, fresh = torch.randn(2, 40, 3, 8, 8, generator=GENERATOR)
    assert difference(whole, thinner, fresh) > 0.01
    assert difference(whole, mend(whole, thinner, images, layers=["second"]).network, fresh) < 1e-6


def test_only_layers_that_are_asked_for_are_fitted_and_of_another_resolution_those_without_sides() -> None:
    whole = trained(network("mlperf_tiny_resnet8"))
    smaller = TrainedGraph(resize_graph(whole.graph, 24), whole.weights)
    images = torch.randn(40, 3, 32, 32, generator=GENERATOR)
    resized = torch.nn.functional.interpolate(images, size=(24, 24), mode="bilinear", antialias=True)
    assert [each.name for each in mend(whole, smaller, images, resized=resized).layers] == ["head.classifier"]
    none = mend(whole, whole, images, layers=["stage3.block1.conv1"])
    assert [each.name for each in none.layers] == ["stage3.block1.conv1"]
    with pytest.raises(FeatherboneError, match="takes"):
        mend(whole, smaller, images)
