"""Weights as integers by rounding each to the nearest, on the step that its channel's weights suggest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from featherbone.graph import Graph, Node, Shape
from featherbone.graph.operators import ConvTranspose
from featherbone.quantize.grid import Grid
from featherbone.quantize.network import QuantizedLayer, QuantizedNetwork, has_integers, level_bounds
from featherbone.rewrite.trained_graph import TrainedGraph

SHARES = tuple(1 - 0.02 * place for place in range(36))  # of the largest weight, at which a step is tried
LARGEST_BIAS = 2.0**30  # steps of a bias: half of what 32 bits hold, as the sum comes on top


def nearest_network(
    network: TrainedGraph,
    grids: Mapping[str, Grid],
    bits: int | Mapping[str, int] = 8,
    *,
    float_layers: Sequence[str] = (),
) -> QuantizedNetwork:
    """A prepared network with its weights rounded to the nearest integers, and these grids for its maps.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).pointwise(4, name="mix").graph("tiny")
    >>> network = nearest_network(TrainedGraph(graph, weights_of(module(graph, seed=0))), {}, bits=4)
    >>> network.layers["mix"].levels.abs().max().item() >= 7, network.in_integers("mix")
    (True, False)

    ``bits`` is of every layer, or of each by name; ``float_layers`` keep their weights. Where a layer or one of its
    maps is left in float, a bias stays in float32.
    """
    graph, weights = network
    layers, left = {}, {}
    for node in graph.nodes:
        shapes = graph.input_shapes(node)
        keys = (*node.operator.parameters(*shapes), *node.operator.buffers(*shapes))
        if not keys or not has_integers(node.operator) or node.name in float_layers:
            left.update({f"{node.name}.{key}": weights[f"{node.name}.{key}"] for key in keys})
            continue
        width = bits if isinstance(bits, int) else bits[node.name]
        layers[node.name] = nearest_layer(graph, node, weights, grids, width)
    return QuantizedNetwork(graph=graph, grids=grids, layers=layers, weights=left)


def nearest_layer(
    graph: Graph, node: Node, weights: Mapping[str, torch.Tensor], grids: Mapping[str, Grid], bits: int
) -> QuantizedLayer:
    """A layer with each weight rounded to the nearest integer, and the step of each channel that loses least so."""
    rows = by_channel(node, weights[f"{node.name}.weight"].double())
    bias = weights.get(f"{node.name}.bias")
    steps = nearest_steps(rows, bits)
    shape = tuple(weights[f"{node.name}.weight"].shape)
    return quantized_layer(node, shape, rows, steps, bias, bits, grid_read(node, grids))


def grid_read(node: Node, grids: Mapping[str, Grid]) -> Grid | None:
    """The grid of the map that a layer reads, where it computes in integers with these grids."""
    in_integers = all(name in grids for name in (node.name, *node.inputs))
    return grids[node.inputs[0]] if in_integers else None


def nearest_steps(rows: torch.Tensor, bits: int) -> torch.Tensor:
    """For each row of weights the step at which rounding to the nearest loses least; of 8 bits, that of the largest.

    >>> nearest_steps(torch.tensor([[0.0, 127.0]], dtype=torch.float64), 8)
    tensor([1.], dtype=torch.float64)
    """
    low, high = level_bounds(bits)
    largest = (rows.amax(1) / high).maximum(rows.amin(1) / low).clamp_min(0)
    if bits == 8:
        return largest
    best, found = torch.full_like(largest, torch.inf), largest
    for share in SHARES:
        steps = (largest * share).clamp_min(1e-30)
        error = (levels_of(rows, steps, bits) * steps[:, None] - rows).square().sum(1)
        found = torch.where(error < best, steps, found)
        best = best.minimum(error)
    return found


def levels_of(rows: torch.Tensor, steps: torch.Tensor, bits: int) -> torch.Tensor:
    """The nearest integers to rows of weights, as floating-point numbers."""
    low, high = level_bounds(bits)
    return torch.round(rows / steps[:, None]).clamp(low, high)


def quantized_layer(
    node: Node,
    shape: Shape,
    rows: torch.Tensor,
    steps: torch.Tensor,
    bias: torch.Tensor | None,
    bits: int,
    read: Grid | None,
) -> QuantizedLayer:
    """The layer of rows of weights, rounded to steps; ``shape`` is that of its weights.

    ``read`` is the grid of what it reads, None in float.

    A channel's step is at least what lets its bias fit into 32 bits, and a channel of zeros gets one that does.
    """
    least = torch.full_like(steps, 1e-12)
    if bias is not None and read is not None:
        least = least.maximum(bias.double().abs() / read.step / LARGEST_BIAS)
    steps = steps.maximum(least).float()
    levels = levels_of(rows, steps.double(), bits)
    if bias is not None and read is not None:
        bias = torch.round(bias.double() / (steps.double() * read.step)).int()
    return QuantizedLayer(levels=_back(node, levels, shape).to(torch.int8), steps=steps, bits=bits, bias=bias)


def by_channel(node: Node, weight: torch.Tensor) -> torch.Tensor:
    """Weights as a row for each channel that is written."""
    if not isinstance(node.operator, ConvTranspose):
        return weight.flatten(1)
    groups = int(node.operator.groups)
    parts = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
    return parts.transpose(1, 2).reshape(groups * weight.shape[1], -1)


def _back(node: Node, rows: torch.Tensor, shape: Shape) -> torch.Tensor:
    """Rows of ``by_channel`` in the shape of the layer's weights."""
    if not isinstance(node.operator, ConvTranspose):
        return rows.reshape(shape)
    groups = int(node.operator.groups)
    parts = rows.reshape(groups, int(shape[1]), int(shape[0]) // groups, *shape[2:])
    return parts.transpose(1, 2).reshape(shape)
