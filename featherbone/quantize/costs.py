"""What a quantized network takes: bytes of its integers in a file, and of its maps while it runs."""

from __future__ import annotations

from math import prod

from featherbone.cost.memory import lifetimes
from featherbone.quantity import format_bytes
from featherbone.quantize.network import QuantizedNetwork
from featherbone.wording import listed

FLOAT, BIAS = 4, 4  # bytes of a float32, of a bias or a step
NAMED = 4  # layers in a sentence


def weight_bytes(network: QuantizedNetwork) -> int:
    """Bytes of weights, biases and steps: levels take their bits, whatever is left in float four bytes a number.

    >>> import torch
    >>> from featherbone.graph import image
    >>> from featherbone.quantize import QuantizedLayer
    >>> graph = image(2, 2).flatten().linear(1, bias=False).graph("tiny")
    >>> levels = torch.ones(1, 8, dtype=torch.int8)
    >>> layer = QuantizedLayer(levels=levels, steps=torch.ones(1), bits=4)
    >>> weight_bytes(QuantizedNetwork(graph=graph, grids={}, layers={"linear": layer}))
    8
    """
    held = sum(FLOAT * tensor.numel() for tensor in network.weights.values())
    for layer in network.layers.values():
        held += -(-layer.levels.numel() * layer.bits // 8) + BIAS * layer.steps.numel()
        held += 0 if layer.bias is None else BIAS * layer.bias.numel()
    return held


def map_bytes(network: QuantizedNetwork) -> int:
    """The most bytes of maps that are alive at once for one image, each of the width that it has.

    >>> from featherbone.graph import image
    >>> from featherbone.quantize import Grid
    >>> graph = image(1, 8).act("relu").graph("tiny")
    >>> map_bytes(QuantizedNetwork(graph=graph, grids={"image": Grid(step=1.0, zero=0)}, layers={}))
    320
    """
    graph, grids = network.graph, network.grids
    widths = {node.name: grids[node.name].bits // 8 if node.name in grids else FLOAT for node in graph.nodes}
    alive = [0] * len(graph.nodes)
    for storage in lifetimes(graph, "int8", in_place=len(set(widths.values())) == 1):
        width = widths[storage.name]
        for step in range(storage.first, storage.last + 1):
            alive[step] += width * prod(map(int, graph[storage.name].shape))
    return max(alive)


def described(network: QuantizedNetwork) -> tuple[str, ...]:
    """What is to be said of the costs of a quantized network, a sentence each.

    >>> from featherbone.graph import image
    >>> described(QuantizedNetwork(graph=image(1, 8).graph("tiny"), grids={}, layers={}))
    ('0 B of weights, biases and steps; maps take 256 B at the peak',)
    """
    widths = sorted({layer.bits for layer in network.layers.values()}, reverse=True)
    bits = f", weights of {listed([str(width) for width in widths])} bits" if widths else ""
    sentences = [
        f"{format_bytes(weight_bytes(network))} of weights, biases and steps{bits}; "
        f"maps take {format_bytes(map_bytes(network))} at the peak"
    ]
    floats = [name for name in network.left_in_float() if network.grids]
    if floats:
        more = f" and {len(floats) - NAMED} more" if len(floats) > NAMED else ""
        sentences.append(f"left in float: {', '.join(floats[:NAMED])}{more}")
    return tuple(sentences)
