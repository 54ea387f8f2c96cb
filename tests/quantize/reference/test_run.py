"""Every operator in integers writes the number of its grid that is nearest to what it computes of the numbers read."""

import numpy as np
import pytest
import torch
from integer_operators import OPERATORS
from narrowing import lively_weights
from quantizing import grids_of, noise

from featherbone.graph import Wire, image
from featherbone.nn import module_with
from featherbone.quantize import QuantizedNetwork, integer_maps, nearest_network, prepared, reference
from featherbone.quantize.rescale import to_numbers

x = image(6, 9)


def one(wire: Wire, maps: int = 8) -> tuple[QuantizedNetwork, torch.Tensor]:
    graph = wire.graph("one")
    network = prepared(graph, lively_weights(graph, 1))
    images = noise(graph, 2)
    return nearest_network(network, grids_of(network, images, maps)), images


@pytest.mark.parametrize("maps", [8, 16])
@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_writes_what_is_nearest(name, maps):
    """Given what it reads on the grid; weights between two places have ten digits."""
    network, images = one(OPERATORS[name], maps)
    last = network.graph.nodes[-1]
    wanted = [*last.inputs, last.name]
    found = {
        key: to_numbers(value, network.grids[key])
        for key, value in integer_maps(network, images.numpy(), wanted).items()
    }
    grid = network.grids[last.name]
    allowed = 0.51 if maps == 8 else 0.51 + 2.0**-16 * (grid.high - grid.low)  # multipliers of 15 bits
    if name == "bilinear":
        allowed = 0.5 + 2.0**-10 * (found[last.inputs[0]].max() - found[last.inputs[0]].min()) / grid.step
    numbers = computed(network, {key: torch.from_numpy(value) for key, value in found.items()})
    assert np.abs(found[last.name] - np.clip(numbers, grid.least, grid.most)).max() <= allowed * grid.step


def computed(network, maps):
    """What the last node computes with numbers."""
    from featherbone.rewrite.part import part
    from featherbone.rewrite.trained_graph import TrainedGraph

    last = network.graph.nodes[-1]
    numbers = part(TrainedGraph(network.graph, network.float_weights()), last.inputs, [last.name])
    with torch.inference_mode():
        return numbers({key: maps[key] for key in last.inputs})[last.name].numpy()


def test_what_has_no_integers_is_left_in_float_by_name():
    wire = image(4, 6).conv(4, 3, name="first").local_response_norm(name="lrn").conv(4, 3, name="second")
    network, images = one(wire)
    assert network.left_in_float() == ["lrn"]
    floats = module_with(network.graph, network.float_weights()).eval()(images).detach().numpy()
    assert np.abs(reference(network, images.numpy()) - floats).max() < 6 * network.grids["second"].step


def test_a_convolution_is_its_definition_in_whole_numbers():
    """By hand: the sum, the bias, the multiplier of 31 bits, one rounding upwards, the zero, the ends."""
    network, images = one(x.conv(3, 3, stride=2, groups=3, bias=True, name="conv"))
    maps = integer_maps(network, images.numpy(), ["image", "conv"])
    layer, read, written = network.layers["conv"], network.grids["image"], network.grids["conv"]
    levels, bias = layer.levels.tolist(), layer.bias.tolist()
    for channel in range(3):
        factor = float(layer.steps[channel]) * read.step / written.step
        shift = 31
        while factor * 2**shift < 2**30:
            shift += 1
        multiplier = int(factor * 2**shift + 0.5)
        for row, column in [(0, 0), (2, 3), (4, 4)]:
            total = bias[channel]
            for member in range(2):
                for down in range(3):
                    for right in range(3):
                        at = (2 * row + down - 1, 2 * column + right - 1)
                        if 0 <= at[0] < 9 and 0 <= at[1] < 9:
                            q = int(maps["image"][1, 2 * channel + member, at[0], at[1]])
                            total += (q - read.zero) * levels[channel][member][down][right]
            q = (total * multiplier + (1 << (shift - 1)) >> shift) + written.zero
            assert maps["conv"][1, channel, row, column] == min(max(q, -128), 127)
