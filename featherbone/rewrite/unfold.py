"""Trainable norms after the convolutions of a folded network, with the statistics of given images.

Law: the result computes what the network computes, in evaluation on any images, and in training on those images, to
rounding. ``fold`` is the way back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, Node
from featherbone.graph.operators import BatchNorm, Conv, ConvTranspose, Operator, shape_text
from featherbone.nn import check_weights, module_with
from featherbone.rewrite.at_once import at_once
from featherbone.rewrite.trained_graph import TrainedGraph

BATCH = 16  # images at a time, at most


def unfold(graph: Graph, weights: Mapping[str, torch.Tensor], images: torch.Tensor) -> TrainedGraph:
    """A trained network with a norm after each convolution that has a bias: the bias moves into the norm.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).conv(4, 3, bias=True, name="stem").act("relu").conv(2, 1, name="last").graph("tiny")
    >>> there = unfold(graph, weights_of(module(graph, seed=0)), torch.randn(4, 3, 8, 8))
    >>> [node.name for node in there.graph.nodes]
    ['image', 'stem', 'stem_norm', 'stem_act', 'last']

    ``images`` are float32 (N, *input shape), prepared as the network takes them. A norm has the mean and variance that
    its channel has over them, and the scale and shift that undo both; the weights of each output get the scale that
    they are initialised with (arXiv:1502.01852), which the norm undoes, too. So training goes on from the same
    function, with gradients as small as they were before the norms were folded; without, Adam at usual rates takes a
    folded network apart. Left as they are: convolutions that a norm follows already, that write one value a channel
    (squeeze and excitation) or an output, and those that share weights.

    Raises:
        FeatherboneError: weights or images that do not fit the graph; images that are not finite.
    """
    check_weights(graph, weights)
    _check_images(graph, images)
    layers = _layers(graph)
    held = {name: tensor.detach().clone() for name, tensor in weights.items()}
    names = {layer.name: _free(graph, f"{layer.name}_norm") for layer in layers}
    entries: list[tuple[str, Operator, tuple[str, ...]]] = []
    for node in graph.nodes:
        operator = node.operator
        if node.name in names and isinstance(operator, Conv | ConvTranspose):
            operator = replace(operator, bias=False)
        entries.append((node.name, operator, tuple(names.get(name, name) for name in node.inputs)))
        if node.name in names:
            entries.append((names[node.name], BatchNorm(), (node.name,)))
    shares = {node.name: node.shares for node in graph.nodes if node.shares}
    unfolded = Graph.build(graph.name, entries, graph.outputs, shares=shares, unused=graph.unused)
    for layer, mean, variance in _statistics(graph, held, layers, images):
        bias, norm = held.pop(f"{layer.name}.bias").double(), names[layer.name]
        held[f"{layer.name}.weight"], factor = _as_initialised(layer, held[f"{layer.name}.weight"])
        running_mean, running_var = (factor * (mean - bias)).float(), (factor.square() * variance).float()
        deviation = (running_var.double() + BatchNorm().epsilon).sqrt()
        held[f"{norm}.running_mean"], held[f"{norm}.running_var"] = running_mean, running_var
        held[f"{norm}.weight"] = (deviation / factor).float()
        held[f"{norm}.bias"] = (running_mean.double() / factor + bias).float()
    return TrainedGraph(unfolded, held)


def _as_initialised(layer: Node, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The weights of each output at the scale that they are initialised with, and the factor of each that takes.

    Before a norm the scale of weights changes nothing but how far a step of a learning rate moves them.
    """
    count = int(layer.shape[0])
    if not isinstance(layer.operator, Conv):
        return weight, torch.ones(count, dtype=torch.float64)
    spread = math.sqrt(2 * int(layer.operator.groups) / (count * math.prod(map(int, layer.operator.kernel))))
    norms = weight.double().flatten(1).norm(dim=1)
    factor = torch.where(norms > 0, spread * math.sqrt(weight[0].numel()) / norms, torch.ones_like(norms))
    return (weight.double() * factor.reshape(-1, *[1] * (weight.dim() - 1))).float(), factor


def _check_images(graph: Graph, images: torch.Tensor) -> None:
    wanted = graph.input_shape
    if images.dim() != len(wanted) + 1 or tuple(images.shape[1:]) != wanted or not len(images):
        raise FeatherboneError(
            f"images are {shape_text(tuple(images.shape))}; {graph.name} takes N×{shape_text(wanted)}",
            hint="give at least one image, prepared as the network takes it",
        )
    if images.dtype != torch.float32 or not bool(torch.isfinite(images).all()):
        raise FeatherboneError("images must be finite float32 numbers", hint="prepare them as the network takes them")


def _layers(graph: Graph) -> list[Node]:
    """The convolutions that get a norm."""
    readers = graph.consumers()
    sharing = {name for node in graph.nodes if node.shares for name in (node.name, node.shares)}
    return [
        node
        for node in graph.nodes
        if isinstance(node.operator, Conv | ConvTranspose)
        and node.operator.bias
        and math.prod(node.shape[1:]) > 1
        and node.name not in sharing
        and not any(isinstance(reader.operator, BatchNorm) for reader in readers[node.name])
        and not _writes_an_output(graph, node, readers)
    ]


def _writes_an_output(graph: Graph, node: Node, readers: dict[str, list[Node]]) -> bool:
    """Whether no other layer with weights stands between a layer and an output, as after the scores of classes."""
    waiting = [node.name]
    while waiting:
        name = waiting.pop()
        if name in graph.outputs:
            return True
        waiting += [each.name for each in readers[name] if not each.operator.parameters(*graph.input_shapes(each))]
    return False


def _free(graph: Graph, name: str) -> str:
    while name in graph:
        name += "_again"
    return name


def _statistics(
    graph: Graph, weights: Mapping[str, torch.Tensor], layers: list[Node], images: torch.Tensor
) -> Iterator[tuple[Node, torch.Tensor, torch.Tensor]]:
    """Mean and variance of each channel that a layer writes, over all images and positions, in float64."""
    if not layers:
        return
    entries = [(node.name, node.operator, node.inputs) for node in graph.nodes]
    shares = {node.name: node.shares for node in graph.nodes if node.shares}
    seen = Graph.build(graph.name, entries, tuple(layer.name for layer in layers), shares=shares, unused=graph.unused)
    net = module_with(seen, weights).eval()
    sums = [torch.zeros(2, int(layer.shape[0]), dtype=torch.float64) for layer in layers]
    with torch.inference_mode():
        for batch in torch.split(images, at_once(graph, BATCH)):
            written = net(batch)
            for total, values in zip(sums, written if len(layers) > 1 else (written,), strict=True):
                flat = values.double().transpose(0, 1).flatten(1)
                total += torch.stack((flat.sum(dim=1), flat.square().sum(dim=1)))
    for layer, total in zip(layers, sums, strict=True):
        mean, square = total / (len(images) * math.prod(layer.shape[1:]))
        yield layer, mean, (square - mean.square()).clamp(min=0)
