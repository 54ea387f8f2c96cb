"""Batch norms folded into the layers beside them: fewer operators, the same function.

Law: the result computes what the network computes in evaluation, to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from featherbone.graph import Graph, Node
from featherbone.graph.folding import leading_norms, own_norms, without
from featherbone.nn import check_weights
from featherbone.nn.norm_folding import scale_and_shift, scaled
from featherbone.rewrite.trained_graph import TrainedGraph

Held = dict[str, torch.Tensor]


def fold(graph: Graph, weights: Mapping[str, torch.Tensor]) -> TrainedGraph:
    """A trained network whose norms are folded into the layers before them, or else after them, where that is exact.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).conv(4, 3, name="stem").norm().act("relu").graph("tiny")
    >>> folded = fold(graph, weights_of(module(graph, seed=0)))
    >>> sorted(folded.weights)
    ['stem.bias', 'stem.weight']

    A norm goes into the convolution, transposed convolution or linear layer that only it reads; or into the layers that
    read it, where none of them is padded (``featherbone.graph.folding``). It stays after an add, a concat or an
    activation that another layer does not take it from, and where weights are shared. A folded network is for running:
    without its norms, training it further with the same learning rate may diverge (``unfold``).

    Raises:
        FeatherboneError: weights that do not fit the graph.
    """
    check_weights(graph, weights)
    held = {name: tensor.detach().clone() for name, tensor in weights.items()}
    while norms := own_norms(graph):
        for layer, norm in norms.items():
            _into_the_layer_before(graph[layer], norm, held)
        graph = without(graph, {norm.name: layer for layer, norm in norms.items()}, biased=set(norms))
    while leading := leading_norms(graph):
        name, layers = next(iter(leading.items()))
        for reader in layers:
            _into_a_layer_after(reader, graph[name], held)
        graph = without(graph, {name: graph[name].inputs[0]}, biased={reader.name for reader in layers})
    wanted = {**graph.parameters(), **graph.buffers()}
    return TrainedGraph(graph, {name: held[name].float() for name in wanted})


def _into_the_layer_before(layer: Node, norm: Node, held: Held) -> None:
    scale, shift = scale_and_shift(norm, lambda key: held[f"{norm.name}.{key}"])
    bias = held.get(f"{layer.name}.bias")
    held[f"{layer.name}.weight"] = scaled(layer.operator, held[f"{layer.name}.weight"], scale)
    held[f"{layer.name}.bias"] = shift if bias is None else shift + scale * bias.double()


def _into_a_layer_after(layer: Node, norm: Node, held: Held) -> None:
    """The weights of each channel read take its scale, and the bias what all shifts come to."""
    scale, shift = scale_and_shift(norm, lambda key: held[f"{norm.name}.{key}"])
    weight = held[f"{layer.name}.weight"].double()
    written, read = weight.shape[:2]
    groups = len(scale) // read
    sides = (1,) * (weight.dim() - 2)

    def of_each_row(values: torch.Tensor) -> torch.Tensor:
        """What a channel read has, beside the weights of each channel written: its group's channels."""
        return values.reshape(groups, read).repeat_interleave(written // groups, dim=0).reshape(written, read, *sides)

    added = (weight * of_each_row(shift)).flatten(1).sum(dim=1)
    bias = held.get(f"{layer.name}.bias")
    held[f"{layer.name}.weight"] = weight * of_each_row(scale)
    held[f"{layer.name}.bias"] = added if bias is None else added + bias.double()
