"""A quantized network computed in NumPy, node after node: what every other form of it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch

import numpy as np
import torch

from featherbone.graph import Node
from featherbone.graph import operators as op
from featherbone.quantize.network import QuantizedNetwork
from featherbone.quantize.reference import join, layers, move, pools, tables
from featherbone.quantize.reference.resize import resize
from featherbone.quantize.reference.site import IntegerSite
from featherbone.quantize.rescale import onto, to_integers, to_numbers
from featherbone.rewrite.part import part
from featherbone.rewrite.trained_graph import TrainedGraph

Arrays = dict[str, np.ndarray]


@singledispatch
def compute(operator: op.Operator, site: IntegerSite) -> np.ndarray:
    """The integers that an operator writes; of one that moves them, on the grid of what it reads."""
    raise NotImplementedError(operator.kind)


compute.register(op.Conv, layers.conv)
compute.register(op.ConvTranspose, layers.conv_transpose)
compute.register(op.Linear, layers.linear)
compute.register(op.Add, join.add)
compute.register(op.Multiply, join.multiply)
compute.register(op.Concat, join.concat)
compute.register(op.Activation, tables.activation)
compute.register(op.MaxPool, pools.max_pool)
compute.register(op.AvgPool, pools.avg_pool)
compute.register(op.GlobalPool, pools.global_pool)
compute.register(op.Resize, resize)
MOVED: dict[type[op.Operator], Callable[..., np.ndarray]] = {
    op.Flatten: move.flatten,
    op.Slice: move.cut,
    op.ChannelShuffle: move.shuffle,
    op.Reorder: move.reorder,
    op.PadChannels: move.pad_channels,
    op.Dropout: move.dropout,
}


def reference(network: QuantizedNetwork, images: np.ndarray) -> np.ndarray:
    """What the network answers, in float32: images × channels × height × width in, images × outputs out.

    >>> from featherbone.graph import image
    >>> from featherbone.quantize import Grid, QuantizedLayer
    >>> graph = image(1, 1).conv(1, 1, name="mix").graph("tiny")
    >>> layer = QuantizedLayer(levels=torch.full((1, 1, 1, 1), 3, dtype=torch.int8), steps=torch.ones(1), bits=4)
    >>> grids = {"image": Grid(step=0.5, zero=0), "mix": Grid(step=0.5, zero=0)}
    >>> reference(QuantizedNetwork(graph=graph, grids=grids, layers={"mix": layer}), np.full((1, 1, 1, 1), 1.6)).item()
    4.5

    Nodes that are left in float are computed by PyTorch.

    Raises:
        FeatherboneError: an operator that nothing computes; several outputs.
    """
    (name,) = network.graph.outputs
    found = integer_maps(network, images, [name])[name]
    return to_numbers(found, network.grids[name]) if name in network.grids else found


def integer_maps(network: QuantizedNetwork, images: np.ndarray, wanted: Sequence[str]) -> Arrays:
    """The maps that some nodes write: integers where they have a grid, else float32 numbers.

    >>> from featherbone.graph import image
    >>> from featherbone.quantize import Grid
    >>> network = QuantizedNetwork(graph=image(1, 1).graph("one"), grids={"image": Grid(step=0.5, zero=3)}, layers={})
    >>> integer_maps(network, np.ones((1, 1, 1, 1)), ["image"])["image"].item()
    5
    """
    graph = network.graph
    readers = {name: len(nodes) for name, nodes in graph.consumers().items()}
    maps: Arrays = {}
    for node in graph.nodes:
        maps[node.name] = _given(network, node, images) if not node.inputs else map_of(network, node, maps)
        for name in dict.fromkeys(node.inputs):
            readers[name] -= 1
            if not readers[name] and name not in wanted:
                del maps[name]
    return {name: maps[name] for name in wanted}


def _given(network: QuantizedNetwork, node: Node, images: np.ndarray) -> np.ndarray:
    grid = network.grids.get(node.name)
    return images.astype(np.float32) if grid is None else to_integers(images, grid)


def map_of(network: QuantizedNetwork, node: Node, maps: Arrays) -> np.ndarray:
    """The map that a node writes where these are those that it reads, each on its grid, if it has one.

    >>> from featherbone.graph import image
    >>> from featherbone.quantize import Grid
    >>> grids = dict.fromkeys(("image", "image_act"), Grid(step=0.5, zero=3))
    >>> network = QuantizedNetwork(graph=image(1, 1).act("relu", name="image_act").graph("one"), grids=grids, layers={})
    >>> map_of(network, network.graph.nodes[1], {"image": np.array([[[[-9]]]])}).item()
    3
    """
    grids, grid = network.grids, network.grids.get(node.name)
    if not network.in_integers(node.name):
        found = _in_float(network, node, maps)
        return found if grid is None else to_integers(found, grid)
    assert grid is not None
    site = IntegerSite(
        node=node,
        shapes=network.graph.input_shapes(node),
        reads=tuple(maps[name] for name in node.inputs),
        grids=tuple(grids[name] for name in node.inputs),
        grid=grid,
        layer=network.layers.get(node.name),
    )
    moved = MOVED.get(type(node.operator))
    return compute(node.operator, site) if moved is None else onto(moved(node.operator, site), site.grids[0], grid)


def _in_float(network: QuantizedNetwork, node: Node, maps: Arrays) -> np.ndarray:
    """What a node writes that is computed with numbers."""
    known = {
        name: torch.from_numpy(to_numbers(maps[name], network.grids[name]) if name in network.grids else maps[name])
        for name in node.inputs
    }
    compute_one = part(TrainedGraph(network.graph, network.numbers_of(node.name)), known, [node.name])
    with torch.inference_mode():
        found: np.ndarray = compute_one(known)[node.name].numpy()
    return found
