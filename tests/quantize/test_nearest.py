"""Rounding to the nearest, and the steps that it takes."""

import pytest
import torch
from narrowing import lively_weights
from quantizing import grids_of, noise

from featherbone.graph import image
from featherbone.quantize import prepared
from featherbone.quantize.nearest import by_channel, levels_of, nearest_network, nearest_steps


@pytest.mark.parametrize("bits", [6, 4, 3, 2])
def test_the_step_loses_no_more_than_that_of_the_largest_weight(bits):
    rows = torch.randn(20, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def loss(steps):
        return (levels_of(rows, steps, bits) * steps[:, None] - rows).square().sum(1)

    largest = (rows.amax(1) / (2 ** (bits - 1) - 1)).maximum(rows.amin(1) / -(2 ** (bits - 1)))
    assert (loss(nearest_steps(rows, bits)) <= loss(largest) + 1e-9).all()


def test_a_large_bias_beside_small_weights_fits_into_32_bits():
    graph = image(2, 4).conv(3, 1, bias=True, name="a").graph("some")
    network = prepared(graph, lively_weights(graph))
    network.weights["a.weight"][0] *= 1e-9
    network.weights["a.weight"][1] = 0
    network.weights["a.bias"][:] = torch.tensor([5.0, -3.0, 1.0])
    found = nearest_network(network, grids_of(network, noise(graph, 4)))
    numbers = found.float_weights()
    assert torch.allclose(numbers["a.bias"], network.weights["a.bias"], atol=1e-4)


def test_channels_of_a_transposed_convolution_have_their_own_steps():
    graph = image(4, 3).conv_transpose(6, 2, stride=2, groups=2, name="up").graph("some")
    network = prepared(graph, lively_weights(graph))
    weight = network.weights["up.weight"]
    rows = by_channel(graph["up"], weight)
    assert torch.equal(rows[4].reshape(2, 2, 2), weight[2:, 1])
    numbers = nearest_network(network, {}, 8).float_weights()["up.weight"]
    assert (numbers - weight).abs().max() <= weight.abs().max() / 127 / 2 + 1e-6
