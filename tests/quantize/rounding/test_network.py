"""Rounding by the output of layers is better than rounding to the nearest, and never worse on images held back."""

import pytest
import torch
from narrowing import lively_weights, smallest
from quantizing import grids_of, noise

from featherbone.graph import image
from featherbone.nn import module_with
from featherbone.quantize import FakeQuantized, nearest_network, prepared, quantize
from featherbone.quantize.agreement import answers
from featherbone.quantize.rounding.network import rounded_network


def error(network, quantized, images):
    """Of the answers, as a share of their variance."""
    expected = answers(module_with(*network).eval(), images)
    said = answers(FakeQuantized(quantized), images)
    return float((said - expected).square().mean() / expected.var(0).mean())


@pytest.mark.parametrize("maps", [None, 8])
def test_it_loses_less_than_rounding_to_the_nearest(maps):
    """On images of which neighbours are alike, as those of photos are."""
    x = image(3, 12).conv(16, 3, name="a", bias=True).act("relu")
    y = x.depthwise(3, name="b").norm().act("relu").pointwise(16, name="c").norm()
    graph = (x + y).act("relu").conv(16, 3, name="d", groups=4, bias=True).act("relu").flatten().linear(5).graph("some")
    network = prepared(graph, lively_weights(graph))
    images = torch.nn.functional.avg_pool2d(noise(graph, 96), 3, stride=1, padding=1) * 3
    grids = {} if maps is None else grids_of(network, images)
    rounded, told = rounded_network(network, grids, images[:64], 3)
    nearest = nearest_network(network, grids, 3)
    assert error(network, rounded, images[64:]) < 0.6 * error(network, nearest, images[64:])
    assert [each.name for each in told] == ["a", "b", "c", "d", "linear"]
    assert rounded.left_in_float() == ([] if maps else nearest.left_in_float())


def test_with_few_images_it_is_no_worse_than_rounding_to_the_nearest():
    graph = smallest("squeezenet1_1")
    network = prepared(graph, lively_weights(graph))
    images = noise(graph, 10)
    found = quantize(network, images, bits=4, maps=None)
    held_back = images[8:]
    nearest = nearest_network(network, {}, 4)
    expected = answers(module_with(*network).eval(), held_back)
    from featherbone.quantize.agreement import divergence

    assert found.divergence <= divergence(expected, answers(FakeQuantized(nearest), held_back))
