"""A quantized network in PyTorch: its integers as floating-point numbers, in a type that holds all sums exactly.

Law: the last map differs from that of ``featherbone.quantize.reference`` by at most one step of its grid. What differs
at all is where the 31 bits of a factor decide between two integers that are as near.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from featherbone.graph import Graph, Node
from featherbone.graph import operators as op
from featherbone.nn import module_with
from featherbone.quantize.grid import Grid
from featherbone.quantize.nearest import by_channel
from featherbone.quantize.network import QuantizedNetwork
from featherbone.quantize.reference.tables import activation_table
from featherbone.quantize.rescale import added, rescaling
from featherbone.rewrite.part import Maps, part, reached
from featherbone.rewrite.trained_graph import TrainedGraph

DIVIDES = (op.AvgPool, op.GlobalPool, op.Resize)  # what they write are no whole steps before it is rounded
Computed = Callable[[Maps], torch.Tensor]  # the map of a node, out of those that it reads


def on_grid(values: torch.Tensor, grid: Grid) -> torch.Tensor:
    """Numbers as the nearest of a grid.

    >>> on_grid(torch.tensor([0.3, -9.0, 0.25]), Grid(step=0.5, zero=-128))
    tensor([0.5000, 0.0000, 0.5000])
    """
    return _rounded(values.double() / grid.step, grid).mul_(grid.step)


def fake_part(network: QuantizedNetwork, known: Collection[str], wanted: Sequence[str]) -> Callable[[Maps], Maps]:
    """What computes the maps of the nodes ``wanted`` out of those of the nodes ``known``, as numbers on their grids.

    >>> from featherbone.graph import image
    >>> network = QuantizedNetwork(graph=image(1, 1).graph("one"), grids={"image": Grid(step=0.5, zero=0)}, layers={})
    >>> fake_part(network, ["image"], ["image"])({"image": torch.full((1, 1, 1, 1), 0.3)})["image"].item()
    0.5

    It is ``featherbone.rewrite.part`` of a quantized network; maps that are known are put on their grids first.
    """
    graph, grids = network.graph, network.grids
    needed = reached(graph, wanted, known)
    steps = [(node, _computed(network, node)) for node in graph.nodes if node.name in needed and node.name not in known]
    last = {name: place for place, (node, _) in enumerate(steps) for name in node.inputs}
    sources = [name for name in known if name in needed]

    def computed(maps: Maps) -> Maps:
        """Maps with a grid are held in steps from its zero."""
        held = {name: _steps_of(maps[name], grids.get(name)) for name in sources}
        for place, (node, compute) in enumerate(steps):
            held[node.name] = compute(held)
            for name in node.inputs:
                if last[name] == place and name not in wanted:
                    held.pop(name, None)
        return {name: held[name] * grids[name].step if name in grids else held[name] for name in wanted}

    return computed


def _computed(network: QuantizedNetwork, node: Node) -> Computed:
    """What computes a node, out of steps where a map has a grid and of numbers where it has none."""
    grid = network.grids.get(node.name)
    if network.in_integers(node.name):
        assert grid is not None
        return _in_steps(network, node, grid)
    compute = part(TrainedGraph(network.graph, network.numbers_of(node.name)), node.inputs, [node.name])
    read = {name: network.grids[name].step for name in node.inputs if name in network.grids}

    def in_float(maps: Maps) -> torch.Tensor:
        numbers = {name: maps[name] * read[name] if name in read else maps[name] for name in node.inputs}
        return _steps_of(compute(numbers)[node.name], grid)

    return in_float


def _in_steps(network: QuantizedNetwork, node: Node, grid: Grid) -> Computed:
    """What computes a node in integers: PyTorch's operator on steps, times a factor, rounded."""
    read = [network.grids[name] for name in node.inputs]
    ratios = [each.step / grid.step for each in read]
    operator = node.operator
    if isinstance(operator, op.Activation):
        table = torch.from_numpy(activation_table(operator.function, read[0], grid)).float() - grid.zero
        start = read[0].zero - read[0].low
        return lambda maps: table[(maps[node.inputs[0]] + start).long()]
    if isinstance(operator, op.Add):
        multipliers, shift = added(ratios, max(each.bits for each in read))
        terms = [(name, each / 2.0**shift) for name, each in zip(node.inputs, multipliers, strict=True)]
        return lambda maps: _rounded(sum(maps[name].double() * ratio for name, ratio in terms), grid)
    if isinstance(operator, op.Concat):
        parts = [(name, _factor(ratio, [each])) for name, ratio, each in zip(node.inputs, ratios, read, strict=True)]
        return lambda maps: torch.cat([_rounded(maps[name].double() * ratio, grid) for name, ratio in parts], 1)
    if node.name in network.layers:
        return _layer(network, node, ratios[0], grid)
    compute = part(TrainedGraph(network.graph, {}), node.inputs, [node.name])
    factor = _factor(ratios[0] * (read[1].step if isinstance(operator, op.Multiply) else 1.0), read)
    kind = torch.float64 if isinstance(operator, DIVIDES) else torch.float32
    return lambda maps: _rounded(
        compute({name: maps[name].to(kind) for name in node.inputs})[node.name].double() * factor, grid
    )


def _layer(network: QuantizedNetwork, node: Node, ratio: float, grid: Grid) -> Computed:
    """A layer in float32 where that holds all its sums exactly, else in float64; the bias is added to the sums."""
    layer, sides = network.layers[node.name], (1,) * (len(node.shape) - 1)
    (source,), (shape,) = node.inputs, network.graph.input_shapes(node)
    assert isinstance(node.operator, op.Conv | op.ConvTranspose | op.Linear)
    unbiased = replace(node.operator, bias=False)
    alone = Graph.build("layer", [("x", op.Input(shape=shape), ()), ("y", unbiased, ("x",))], ("y",))
    largest = by_channel(node, layer.levels.double()).abs().sum(1).max() * 2.0 ** network.grids[source].bits
    kind = torch.float32 if largest <= 2**24 else torch.float64
    module = module_with(alone, {"y.weight": layer.levels.float()}).to(kind).requires_grad_(False)
    factor = _factor((layer.steps.double() * ratio).reshape(-1, *sides).numpy(), [network.grids[source]])
    bias = 0.0 if layer.bias is None else layer.bias.double().reshape(-1, *sides)
    return lambda maps: _rounded((module(maps[source].to(kind)).double() + bias) * factor, grid)


def _factor(factor: float | np.ndarray, read: Sequence[Grid]) -> torch.Tensor:
    """What the integers of a factor stand for."""
    return torch.as_tensor(rescaling(factor, wide=any(grid.bits == 16 for grid in read)).factor)


def _steps_of(values: torch.Tensor, grid: Grid | None) -> torch.Tensor:
    return values if grid is None else _rounded(values.double() / grid.step, grid)


def _rounded(places: torch.Tensor | float, grid: Grid) -> torch.Tensor:
    """Steps from zero as whole ones within the grid, halves upwards."""
    assert isinstance(places, torch.Tensor)
    return torch.floor(places + 0.5).clamp_(grid.low - grid.zero, grid.high - grid.zero).float()


class FakeQuantized(nn.Module):
    """A quantized network as a module: images × channels × height × width in, images × outputs out, in float32.

    >>> from featherbone.graph import image
    >>> network = QuantizedNetwork(graph=image(1, 1).graph("one"), grids={"image": Grid(step=0.5, zero=0)}, layers={})
    >>> FakeQuantized(network)(torch.full((1, 1, 1, 1), 0.3)).item()
    0.5

    It is for running, not for training: it has no parameters.
    """

    def __init__(self, network: QuantizedNetwork) -> None:
        super().__init__()
        self.graph = network.graph
        (source,), (self.answer,) = network.graph.inputs, network.graph.outputs
        self.source = source.name
        self.compute = fake_part(network, [self.source], [self.answer])

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return self.compute({self.source: images})[self.answer]
