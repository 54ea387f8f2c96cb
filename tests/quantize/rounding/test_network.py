"""Rounding by the output of layers is better than rounding to the nearest, and never worse on images held back."""

import pytest
import torch
from narrowing import lively_weights
from quantizing import grids_of, noise

from featherbone.graph import image
from featherbone.nn import module_with
from featherbone.quantize import FakeQuantized, nearest_network, prepared, quantize
from featherbone.quantize.agreement import answers, divergence
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
    z = (x + y).act("relu").conv(16, 3, name="d", groups=4, bias=True).act("relu").max_pool(4)
    graph = z.flatten().linear(5).graph("some")
    network = prepared(graph, lively_weights(graph))
    images = torch.nn.functional.avg_pool2d(noise(graph, 96), 3, stride=1, padding=1) * 3
    grids = {} if maps is None else grids_of(network, images)
    rounded, told = rounded_network(network, grids, images[:64], 3)
    nearest = nearest_network(network, grids, 3)
    assert error(network, rounded, images[64:]) < 0.6 * error(network, nearest, images[64:])
    assert [each.name for each in told] == ["a", "b", "c", "d", "linear"]
    assert rounded.left_in_float() == ([] if maps else nearest.left_in_float())


def test_with_fewer_images_than_columns_it_is_no_worse_than_rounding_to_the_nearest():
    """What is read is then known in few directions, and about its mean hardly at all."""
    x = image(3, 8).conv(24, 3, stride=2, bias=True).act("relu").conv(24, 3, stride=2, bias=True).act("relu")
    graph = x.conv(24, 3, stride=2, bias=True).act("relu").global_pool().flatten().linear(5).graph("deep")
    network = prepared(graph, lively_weights(graph))
    images = noise(graph, 10)
    found = quantize(network, images, bits=4, maps=None)
    expected, nearest = answers(module_with(*network).eval(), images[8:]), nearest_network(network, {}, 4)
    assert found.divergence <= divergence(expected, answers(FakeQuantized(nearest), images[8:]))
