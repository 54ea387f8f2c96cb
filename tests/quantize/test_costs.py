"""What a quantized network takes."""

from narrowing import smallest
from quantizing import quantized

from featherbone.cost import count, peak_memory
from featherbone.quantize import described, map_bytes, weight_bytes


def test_bytes_of_a_network():
    network = quantized(smallest("cifar_resnet20"), bits=4)
    weights = sum(layer.levels.numel() for layer in network.layers.values())
    channels = sum(len(layer.steps) for layer in network.layers.values())
    assert weight_bytes(network) == weights // 2 + 8 * channels
    assert weights + channels == count(network.graph).params
    assert map_bytes(network) == peak_memory(network.graph, "int8").bytes
    assert map_bytes(quantized(network.graph, maps=16)) == 2 * map_bytes(network)
    assert "weights of 4 bits" in described(network)[0]
