"""Norms that are put back: the same function in evaluation, and in training on the images that they were fitted to."""

import pytest
import torch
from narrowing import difference, lively_weights, outputs

from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.networks import network
from featherbone.nn import check_weights, module, module_with, weights_of
from featherbone.rewrite import fold, unfold

CLOSE = 1e-5  # relative
SPECS = (
    *("mobilenet_v2:width=0.25,small=true", "shufflenet_v1:small=true", "mobilenet_v3_small:width=0.5,small=true"),
    *("squeezenet:small=true", "mobileone_s0:width=0.25,small=true,merged=true", "repghostnet:width=0.5,small=true"),
)


def images(graph, number=4, seed=3):
    return torch.randn(number, *graph.input_shape, generator=torch.Generator().manual_seed(seed))


def small(spec):
    graph = network(spec, classes=10)
    return fold(graph, lively_weights(graph))


@pytest.mark.parametrize("spec", SPECS)
def test_norms_are_back_and_the_function_is_the_same(spec):
    graph, weights = small(spec)
    there = unfold(graph, weights, images(graph))
    check_weights(there.graph, there.weights)
    assert any(node.operator.kind == "batch_norm" for node in there.graph.nodes)
    assert difference(outputs(graph, weights), outputs(there.graph, there.weights)) < CLOSE
    again = fold(*there)
    assert again.graph == fold(graph, weights).graph
    assert difference(outputs(graph, weights), outputs(*again)) < CLOSE


def test_in_training_on_those_images_it_computes_the_same():
    """As batch statistics are then those that were measured."""
    classified = image(3, 12)
    for name in ("a", "b", "c"):
        classified = classified.conv(8, 3, bias=True, name=name).act("relu")
    graph = classified.global_pool().flatten().linear(5).graph("tiny")
    weights = lively_weights(graph)
    shown = images(graph, number=40)
    there = unfold(graph, weights, shown)
    with torch.no_grad():
        trained = module_with(*there).train()(shown)
        known = module_with(graph, weights).eval()(shown)
    assert difference([known], [trained]) < CLOSE


def test_what_gets_no_norm():
    x = image(3, 8).conv(4, 3, bias=True, name="stem").norm(name="own").act("relu")
    gate = x.global_pool().pointwise(2, bias=True, name="reduce").act("relu").pointwise(4, bias=True, name="expand")
    y = (x * gate.act("sigmoid")).conv(6, 3, bias=True, name="inside").act("relu")
    graph = y.conv(5, 1, bias=True, name="scores").act("relu").global_pool().flatten().graph("tiny")
    there = unfold(graph, lively_weights(graph), images(graph))
    assert [node.name for node in there.graph.nodes if node.operator.kind == "batch_norm"] == ["own", "inside_norm"]


def test_a_channel_that_is_always_the_same_stays_so():
    graph = image(3, 8).conv(2, 3, bias=True, name="a").act("relu").conv(2, 1, name="b").graph("tiny")
    weights = lively_weights(graph)
    weights["a.weight"][0] = 0
    there = unfold(graph, weights, images(graph))
    assert difference(outputs(graph, weights), outputs(there.graph, there.weights)) < CLOSE


@pytest.mark.parametrize(
    ("shape", "value", "said"),
    [
        ((2, 3, 9, 9), 0.0, r"images are 2×3×9×9; tiny takes N×3×8×8 \(give at least one image"),
        ((0, 3, 8, 8), 0.0, "images are 0×3×8×8"),
        ((3, 8, 8), 0.0, "images are 3×8×8"),
        ((2, 3, 8, 8), float("nan"), "images must be finite float32 numbers"),
    ],
)
def test_images_that_do_not_fit_are_refused(shape, value, said):
    graph = image(3, 8).conv(2, 3, bias=True, name="a").act("relu").conv(2, 1, name="b").graph("tiny")
    with pytest.raises(FeatherboneError, match=said):
        unfold(graph, lively_weights(graph), torch.full(shape, value))


def test_weights_come_back_at_the_scale_that_they_are_initialised_with() -> None:
    graph = image(3, 8).conv(6, 3, bias=True, name="a").act("relu").conv(4, 3, name="b").graph("tiny")
    weights = {name: 7 * tensor for name, tensor in weights_of(module(graph, seed=0)).items()}
    found = unfold(graph, weights, torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))).weights
    spread = (2 / (6 * 9)) ** 0.5  # of every weight, for 6 outputs of 3×3
    torch.testing.assert_close(found["a.weight"].flatten(1).square().mean(1).sqrt(), torch.full((6,), spread))
