"""The network in PyTorch is the reference, on networks of the zoo of every family and on any bits."""

import numpy as np
import pytest
import torch
from narrowing import smallest
from quantizing import noise, quantized

from featherbone.graph import Graph, image
from featherbone.networks import NETWORKS
from featherbone.quantize import FakeQuantized, integer_maps, reference
from featherbone.quantize.fake import fake_part

ZOO = [
    *("squeezenet1_1", "cifar_resnet20", "mobilenet_v2", "mobilenet_v3_small"),
    *("shufflenet_v1", "shufflenet_v2", "ghostnet", "efficientnet_lite0", "regnety_200mf"),
    *("mobileone_s0", "squeezenext", "mcunet_in0", "mobilenet_v4_conv_small"),
]


def steps_apart(graph: Graph, **settings: int) -> float:
    """How far the two are apart at most, in steps of the last map."""
    network = quantized(graph, **settings)
    images = noise(graph, 2, seed=1)
    step = network.grids[graph.outputs[0]].step if graph.outputs[0] in network.grids else 1e-4
    return float(np.abs(reference(network, images.numpy()) - FakeQuantized(network)(images).numpy()).max() / step)


@pytest.mark.parametrize("name", [name for name in ZOO if name in NETWORKS])
def test_a_network_of_the_zoo_is_the_reference_to_a_step(name):
    settings = {"width": 0.5} if "width" in NETWORKS[name].settings else {}
    graph = smallest(name, **settings)
    assert steps_apart(graph, seed=len(name)) <= 1.001


@pytest.mark.parametrize(("bits", "maps"), [(4, 8), (2, 8), (8, 16), (3, 16)])
def test_any_bits(bits, maps):
    assert steps_apart(smallest("mobilenet_v3_small", width=0.25), bits=bits, maps=maps) <= 1.001


def test_maps_in_between_are_integers_of_the_reference():
    network = quantized(smallest("cifar_resnet20"))
    images = noise(network.graph, 2, seed=3)
    name = network.graph.nodes[9].name
    numbers = fake_part(network, ["image"], [name])({"image": images})[name]
    found = integer_maps(network, images.numpy(), [name])[name]
    grid = network.grids[name]
    assert np.array_equal(torch.round(numbers / grid.step).numpy() + grid.zero, found)


def test_halves_go_up():
    """As in the reference, where numbers of real steps would go either way."""
    graph = image(4, 8).avg_pool(2, stride=2).graph("pool")
    network = quantized(graph)
    assert steps_apart_of(network, noise(graph, 4, seed=5)) < 0.01 * network.grids["image"].step


def test_sums_beyond_those_of_float32_are_exact():
    """Of 4,000 values of one sign, with an odd number of odd terms."""
    graph = image(4001, 1).conv(3, 1, bias=True).graph("wide")
    network = quantized(graph)
    images = torch.full((1, 4001, 1, 1), 9.0)
    for layer in network.layers.values():
        layer.levels.fill_(127)
    assert steps_apart_of(network, images) == 0


def steps_apart_of(network, images):
    return float(np.abs(reference(network, images.numpy()) - FakeQuantized(network)(images).numpy()).max())
