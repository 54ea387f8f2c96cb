"""The form of a network in which it is quantized: branches merged, norms folded or made convolutions, nothing shared.

Law: it computes what the network computes in evaluation, to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from featherbone.graph import Graph, Node
from featherbone.graph.operators import BatchNorm, Conv, Dropout, Operator
from featherbone.nn.norm_folding import scale_and_shift
from featherbone.rewrite.reparameterize import inference_form
from featherbone.rewrite.trained_graph import TrainedGraph

LARGEST_RANK = 3  # sides of a map that a convolution may have


def prepared(graph: Graph, weights: Mapping[str, torch.Tensor]) -> TrainedGraph:
    """A trained network as it is quantized, with the names of its layers.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> x = image(3, 8).conv(4, 3, name="stem").act("relu").norm(name="late").act("relu").dropout(0.5)
    >>> graph = x.conv(2, 3, name="last").norm().graph("tiny")
    >>> [node.name for node in prepared(graph, weights_of(module(graph, seed=0))).graph.nodes]
    ['image', 'stem', 'stem_act', 'late', 'late_act', 'last']

    Sums of branches become one convolution and norms are folded (``featherbone.rewrite.inference_form``). A norm that
    stands alone becomes a depthwise convolution of one tap. Dropout, which does nothing here, is gone. A layer that
    shares another's weights gets a copy: its integers depend on what it reads.

    Raises:
        FeatherboneError: weights that do not fit the graph.
    """
    graph, weights = inference_form(*_unshared(graph, weights))
    held = dict(weights)
    entries: list[tuple[str, Operator, tuple[str, ...]]] = []
    place: dict[str, str] = {}  # of a node that is gone, the one in its place
    for node in graph.nodes:
        inputs = tuple(place.get(name, name) for name in node.inputs)
        if isinstance(node.operator, Dropout):
            place[node.name] = inputs[0]
        elif isinstance(node.operator, BatchNorm) and 1 <= len(node.shape) - 1 <= LARGEST_RANK:
            entries.append((node.name, _as_convolution(node, held), inputs))
        else:
            entries.append((node.name, node.operator, inputs))
    outputs = tuple(place.get(name, name) for name in graph.outputs)
    made = Graph.build(graph.name, entries, outputs)
    return TrainedGraph(made, {key: held[key] for key in {**made.parameters(), **made.buffers()}})


def _as_convolution(norm: Node, held: dict[str, torch.Tensor]) -> Conv:
    """The depthwise convolution that does what a norm does; its weights are put beside."""
    scale, shift = scale_and_shift(norm, lambda key: held[f"{norm.name}.{key}"])
    channels, rank = int(norm.shape[0]), len(norm.shape) - 1
    held[f"{norm.name}.weight"] = scale.float().reshape(channels, *(1,) * (1 + rank))
    held[f"{norm.name}.bias"] = shift.float()
    ones, unpadded = (1,) * rank, ((0, 0),) * rank
    return Conv(
        out_channels=channels, kernel=ones, stride=ones, padding=unpadded, dilation=ones, groups=channels, bias=True
    )


def _unshared(graph: Graph, weights: Mapping[str, torch.Tensor]) -> TrainedGraph:
    """The network with a copy of the weights at each node that shares another's, and without what no node reads."""
    held = {key: weights[key] for key in {**graph.parameters(), **graph.buffers()}}
    for node in graph.nodes:
        shapes = graph.input_shapes(node)
        for key in (*node.operator.parameters(*shapes), *node.operator.buffers(*shapes)):
            held[f"{node.name}.{key}"] = weights[f"{node.shares or node.name}.{key}"]
    nodes = tuple(node._replace(shares="") for node in graph.nodes)
    return TrainedGraph(replace(graph, nodes=nodes, unused=()), held)
