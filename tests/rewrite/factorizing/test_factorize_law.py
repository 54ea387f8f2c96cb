"""A layer in a form: exact at full rank, the nearest of its rank below, and honest about what it loses."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image
from featherbone.graph.operators import Conv
from featherbone.nn import module_with
from featherbone.nn.initialise import initial_weights
from featherbone.rewrite import TrainedGraph
from featherbone.rewrite.factorizing import FORMS, factorize, moments_of
from featherbone.rewrite.factorizing.costs import paying_ranks
from featherbone.rewrite.factorizing.factorize import replaced
from featherbone.rewrite.factorizing.form import Layer
from featherbone.rewrite.factorizing.layer import layer_of, reason_against, share_lost
from featherbone.rewrite.part import part

LAYERS = ("strided", "uneven", "dilated", "mix", "scores")
SVD = ("pointwise_before", "pointwise_after")  # the forms of layers without a kernel of several places
CASES = [
    (form, layer)
    for form in FORMS
    for layer in LAYERS
    if layer not in ("mix", "scores") or form in SVD or (form, layer) == ("grouped", "mix")
]


def answers(network: TrainedGraph, images: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = module_with(*network).eval()(images)
    return found


@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.parametrize(("form", "layer"), CASES)
def test_at_full_rank_the_network_computes_the_same(form, layer, seen, network, images):
    moments = moments_of(network, images, [layer])[layer] if seen else None
    found = layer_of(network.graph, network.weights, layer, moments)
    rank = FORMS[form].ranks(found.operator, found.read)[-1]
    whole = replaced(network.graph, network.weights, layer, found, FORMS[form].fit(found, rank), moments)
    wanted = answers(network, images)
    assert (answers(whole, images) - wanted).abs().max() < 1e-5 * wanted.abs().max()


def tail(matrix: torch.Tensor, rank: int) -> float:
    """The least squares error of any matrix of this rank (Eckart and Young)."""
    return float(torch.linalg.svdvals(matrix)[..., rank:].square().sum())


def unfolded(form: str, layer: Layer) -> torch.Tensor:
    """The matrix, or one for each channel, whose rank a form limits."""
    written, read, _ = layer.kernel.shape
    assert isinstance(layer.operator, Conv)
    height, width = layer.operator.kernel
    sides = layer.kernel.reshape(written, read, height, width)
    return {
        "pointwise_before": sides.permute(0, 2, 3, 1).reshape(-1, read),
        "pointwise_after": sides.flatten(1),
        "asymmetric": sides.permute(0, 3, 1, 2).reshape(written * width, read * height),
        "depthwise_sum": layer.kernel.transpose(0, 1),
    }[form]


@pytest.mark.parametrize("rank", [1, 3])
@pytest.mark.parametrize("form", ["pointwise_before", "pointwise_after", "asymmetric", "depthwise_sum"])
def test_without_images_no_weights_of_its_rank_are_nearer(form, rank, network):
    layer = layer_of(network.graph, network.weights, "uneven")
    least = tail(unfolded(form, layer), rank)
    assert float(layer.loss(FORMS[form].fit(layer, rank).matrix)) == pytest.approx(least, rel=1e-6)


def test_the_kernel_before_a_pointwise_loses_the_least_that_can_be_lost_on_images(network, images):
    layer = layer_of(network.graph, network.weights, "dilated", moments_of(network, images, ["dilated"])["dilated"])
    values, vectors = torch.linalg.eigh(layer.second)
    root = vectors * values.clamp_min(0).sqrt()
    for rank in (1, 4, 9):
        loss = float(layer.loss(FORMS["pointwise_after"].fit(layer, rank).matrix))
        assert loss == pytest.approx(tail(layer.matrix @ root, rank), rel=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_images_make_what_is_lost_of_them_less_than_weights_alone_do(form, network, images):
    layer = layer_of(network.graph, network.weights, "dilated", moments_of(network, images, ["dilated"])["dilated"])
    blind = replace(layer, second=torch.eye(len(layer.second)).double())
    rank = 4 if form != "depthwise_sum" else 2
    seeing = float(layer.loss(FORMS[form].fit(layer, rank).matrix))
    assert seeing < 0.95 * float(layer.loss(FORMS[form].fit(blind, rank).matrix))


@pytest.mark.parametrize("form", FORMS)
def test_a_larger_rank_loses_less(form, network, images):
    layer = layer_of(network.graph, network.weights, "strided", moments_of(network, images, ["strided"])["strided"])
    ranks = FORMS[form].ranks(layer.operator, layer.read)
    losses = [float(layer.loss(FORMS[form].fit(layer, rank).matrix)) for rank in ranks]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-9 * losses[0]


@pytest.mark.parametrize(("form", "layer"), CASES)
def test_the_error_that_is_told_is_that_of_the_maps(form, layer, network, images):
    moments = moments_of(network, images, [layer])[layer]
    found = layer_of(network.graph, network.weights, layer, moments)
    rank = FORMS[form].ranks(found.operator, found.read)[0]
    fitted = FORMS[form].fit(found, rank)
    changed = replaced(network.graph, network.weights, layer, found, fitted, moments)
    end = f"{layer}_back" if f"{layer}_back" in changed.graph else layer
    with torch.inference_mode():
        was = part(network, ["image"], [layer])({"image": images})[layer].double()
        now = part(changed, ["image"], [end])({"image": images})[end].double()
    over = (0, *range(2, was.dim()))
    share = float((was - now).square().mean(over).sum() / was.var(over, correction=0).sum())
    assert share_lost(found, fitted, moments) == pytest.approx(share, rel=1e-3)


def test_what_reads_the_layer_reads_the_chain_and_an_output_stays_one(network):
    graph = image(8, 6).conv(8, 3, name="last").graph("tiny")
    found = factorize(graph, initial_weights(graph, seed=0), "last", "grouped", 4)
    assert found.graph.outputs == (found.graph.nodes[-1].name,)
    assert found.graph.output_shape == graph.output_shape
    middle = factorize(network.graph, network.weights, "mix", "pointwise_after", 2)
    assert middle.graph["filter"].inputs == ("mix",)
    assert count(middle.graph).macs < count(network.graph).macs


def taken() -> Graph:
    return image(8, 6).conv(8, 3, name="a").conv(4, 3, name="a_factor1").graph("taken")


def test_a_name_that_is_taken_is_not_taken_twice():
    found = factorize(taken(), initial_weights(taken(), seed=0), "a", "pointwise_before", 2)
    assert [node.name for node in found.graph.nodes] == ["image", "a_factor1_again", "a", "a_factor1"]


def test_the_weights_are_copies(network):
    found = factorize(network.graph, network.weights, "mix", "pointwise_after", 2)
    assert not {each.data_ptr() for each in network.weights.values()} & {
        each.data_ptr() for each in found.weights.values()
    }


@pytest.mark.parametrize(
    ("layer", "form", "rank", "said"),
    [
        ("mix", "asymetric", 1, "there is no form 'asymetric' (did you mean asymmetric?)"),
        ("dilate", "asymmetric", 1, "odd has no node 'dilate' (did you mean dilated?)"),
        (
            "filter",
            "grouped",
            1,
            "filter can't be written as grouped: depthwise 3×3 is factorized by its groups already",
        ),
        ("mix", "bottleneck", 1, "a pointwise convolution has no kernel to divide; pointwise_after is its SVD"),
        ("scores", "grouped", 1, "a linear layer has neither kernel nor groups"),
        ("image", "grouped", 1, "image can't be written as grouped: "),
        ("mix", "pointwise_after", 0, "rank is 0; pointwise_after of mix has 1 to 4"),
        ("mix", "pointwise_after", 5, "rank is 5; pointwise_after of mix has 1 to 4"),
        ("dilated", "grouped", 3, "rank is 3; grouped of dilated has 2, 4, 8"),
        ("strided", "asymmetric", 18, "rank 18 would cost 25.4 k multiply-adds, and 10.8 k as it is"),
        ("strided", "asymmetric", 18, "the largest rank that saves any is 7"),
    ],
)
def test_what_can_not_be_is_refused(layer, form, rank, said, network):
    with pytest.raises(FeatherboneError) as refused:
        factorize(network.graph, network.weights, layer, form, rank)
    assert said in str(refused.value)


def test_weights_that_are_not_numbers_are_refused(network):
    broken = {**network.weights, "mix.weight": torch.full((4, 12, 1, 1), torch.nan)}
    with pytest.raises(FeatherboneError, match=r"mix\.weight holds numbers that are not finite"):
        factorize(network.graph, broken, "strided", "asymmetric", 1)


@pytest.mark.parametrize(("form", "layer"), CASES)
def test_ranks_that_pay_are_those_that_cost_less(form, layer, network):
    graph, chosen = network.graph, FORMS[form]
    node = graph[layer]
    whole = count(graph).macs
    cheaper = []
    for rank in chosen.ranks(node.operator, graph.input_shapes(node)[0]):
        found = layer_of(network.graph, network.weights, layer)
        changed = replaced(network.graph, network.weights, layer, found, chosen.fit(found, rank), None)
        cheaper += [rank] if count(changed.graph).macs < whole else []
    assert paying_ranks(graph, layer, chosen) == cheaper


def test_a_layer_that_is_called_twice_is_left(network):
    x = image(4, 6).conv(4, 3, name="once")
    shared = x.conv(4, 3, name="twice").graph("shared")
    entries = [(node.name, node.operator, node.inputs) for node in shared.nodes]
    graph = Graph.build("shared", entries, shared.outputs, shares={"twice": "once"})
    for name in ("once", "twice"):
        assert reason_against(graph, name, FORMS["asymmetric"]) == "its weights are used at several places"
