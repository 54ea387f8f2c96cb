"""All layers of a network as levels, one after the other, each making up for what those before it lost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from featherbone.graph import Node
from featherbone.nn.packed.model import Levelled
from featherbone.pack.rounding import RoundingTask, round_weights
from featherbone.progress import Progress, silent
from featherbone.rewrite.mending.covariance import definite
from featherbone.rewrite.mending.layer_matrix import has_bias
from featherbone.rewrite.mending.mend import mend
from featherbone.rewrite.mending.moments import Moments
from featherbone.rewrite.trained_graph import TrainedGraph

DAMPING = 1e-2  # of the mean of the diagonal of what is read, is added to it: what the images don't tell
LEAST_IMPORTANT = 1e-3  # of a layer's mean: an output that no image needed may be needed by another
BIAS_SHARE = 0.01  # of what the weights' rounding loses may be lost by that of biases
FINEST = 2**12  # levels up to the largest weight of a layer that no image needs, or that loses nothing


@dataclass(frozen=True, kw_only=True)
class Levelling:
    """A network after its weights were rounded: ``levels`` by the names of tensors; ``plain`` are kept as they are.

    >>> from featherbone.graph import image
    >>> graph = image(1, 2).flatten().linear(1, name="fc", bias=False).graph("tiny")
    >>> ones = Levelled(levels=np.ones((1, 4), np.int16), step=0.5)
    >>> network = TrainedGraph(graph, {"fc.weight": ones.tensor()})
    >>> Levelling(network=network, levels={"fc.weight": ones}, plain={}).levels["fc.weight"].step
    0.5
    """

    network: TrainedGraph
    levels: Mapping[str, Levelled]
    plain: Mapping[str, torch.Tensor]


def levelled(
    network: TrainedGraph,
    images: torch.Tensor,
    importance: Mapping[str, torch.Tensor],
    price: float,
    progress: Progress = silent,
) -> Levelling:
    """Round the layers of a trained network, whose norms are folded, in their order.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> from featherbone.rewrite import fold
    >>> features = image(3, 8).conv(8, 3, name="a").norm().act("relu").global_pool().flatten()
    >>> graph = features.linear(2, name="fc").graph("tiny")
    >>> network = fold(graph, weights_of(module(graph, seed=0)))
    >>> images = torch.randn(20, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> found = levelled(network, images, {"a": torch.ones(8), "fc": torch.ones(2)}, price=1e-4)
    >>> sorted(found.levels), found.levels["a.weight"].levels.dtype.name
    (['a.bias', 'a.weight', 'fc.bias', 'fc.weight'], 'int16')

    Each layer is fitted to what it wrote before, the error of a shortcut beside it included, as it reads what the
    layers before it now write (``featherbone.rewrite.mending``); then its weights are rounded, and its bias takes up
    the mean error. ``importance``, for each layer and output, is how much the answers depend on what is written there;
    ``price`` is what a bit is worth in the same unit. Layers that are not fitted keep their weights in float32.

    Raises:
        FeatherboneError: what ``mend`` refuses.
    """
    levels: dict[str, Levelled] = {}

    def settle(node: Node, matrix: torch.Tensor, seen: Moments) -> torch.Tensor:
        found, own = _rounded(node, matrix, seen, importance[node.name], price, network.weights)
        levels.update(own)
        return found

    mended = mend(network, network, images, settle=settle, progress=progress)
    weights = mended.network.weights
    exact = {name: each.tensor() for name, each in levels.items()}
    plain = {name: tensor for name, tensor in weights.items() if name not in levels}
    return Levelling(network=TrainedGraph(mended.network.graph, {**weights, **exact}), levels=levels, plain=plain)


def _rounded(
    node: Node,
    matrix: torch.Tensor,
    seen: Moments,
    importance: torch.Tensor,
    price: float,
    weights: Mapping[str, torch.Tensor],
) -> tuple[torch.Tensor, dict[str, Levelled]]:
    """The matrix of a layer as it can be written, and its levels."""
    groups, outputs, _ = matrix.shape
    kernel, name = matrix[..., :-1], f"{node.name}.weight"
    if f"{node.name}.running_var" in weights:  # a norm that could not be folded
        return matrix, {}
    moments = definite(seen, DAMPING, about_mean=has_bias(node))
    needed = importance.double().reshape(groups, outputs)
    needed = needed.clamp_min(LEAST_IMPORTANT * float(needed.mean()) + 1e-30)
    rounded = round_weights(RoundingTask(weights=kernel, moments=moments, importance=needed, price=price))
    values = rounded.values
    found = matrix.clone()
    found[..., :-1] = values
    shape = tuple(weights[name].shape)
    own = {name: Levelled(levels=_numbers(rounded.levels, shape), step=rounded.step)}
    if has_bias(node):
        bias = matrix[..., -1] + ((kernel - values) * (seen.read[:, None, :-1, -1] / seen.rows)).sum(2)
        unit = _unit(bias, seen.error(found))
        numbers = (bias / unit).round()
        found[..., -1] = numbers * unit
        own[f"{node.name}.bias"] = Levelled(levels=_numbers(numbers, (groups * outputs,)), step=unit)
    return found, own


def _unit(bias: torch.Tensor, error: torch.Tensor) -> float:
    """The step of the biases: so fine that rounding them loses little beside the rounding of the weights."""
    largest = float(bias.abs().max())
    finest = largest / FINEST
    wanted = math.sqrt(12 * BIAS_SHARE * float(error.mean()))
    return float(np.float32(max(min(wanted, largest) or largest or 1.0, finest)))


def _numbers(levels: torch.Tensor, shape: tuple[int, ...]) -> np.ndarray:
    return levels.reshape(shape).numpy().astype(np.int16)
