"""Fewer channels: sets of them are cut out of a trained network, graph and weights.

Law: the result computes what the network computes with those channels masked, that is with every weight that reads them
set to zero.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import SupportsIndex

import torch

from featherbone.graph import Graph, Node
from featherbone.graph.channel_sets import ChannelSets, channel_sets
from featherbone.graph.narrow import kept_channels, narrowed_graph
from featherbone.graph.operators import Conv, ConvTranspose, Linear
from featherbone.graph.operators.base import Kept
from featherbone.nn import check_weights

Weights = Mapping[str, torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Narrowed:
    """A network after a cut: its graph, its weights, and for each node the channels of the uncut one that stayed.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).conv(8, 3, name="a").norm().act("relu").pointwise(5, name="b").graph("tiny")
    >>> narrow(graph, weights_of(module(graph, seed=0)), cut=range(3, 9)).kept["a"]
    (6, 7)
    """

    graph: Graph
    weights: dict[str, torch.Tensor]
    kept: dict[str, Kept]


def narrow(
    graph: Graph, weights: Weights, cut: Collection[SupportsIndex], *, sets: ChannelSets | None = None
) -> Narrowed:
    """A trained network without the sets of channels with these numbers, as ``channel_sets`` numbers them.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(3, 8).conv(8, 3, name="a").norm().act("relu").pointwise(5, name="b").graph("tiny")
    >>> small = narrow(graph, weights_of(module(graph, seed=0)), cut=range(3, 9))
    >>> small.weights["a.weight"].shape, small.weights["b.weight"].shape, small.kept["a"]
    (torch.Size([2, 3, 3, 3]), torch.Size([5, 2, 1, 1]), (6, 7))

    Names stay as they are. The tensors are copies. ``sets`` are the sets of the graph where they were already read.

    Raises:
        FeatherboneError: weights that do not fit the graph; what ``featherbone.graph.narrow.kept_channels`` refuses: a
            set that can't be cut, with the reason, and a node of which nothing would be left.
    """
    check_weights(graph, weights)
    kept = kept_channels(sets or channel_sets(graph), cut)
    smaller = narrowed_graph(graph, kept)
    left: dict[str, torch.Tensor] = {}
    for node in graph.nodes:
        if not node.shares:
            left.update(_weights(graph, node, weights, kept))
    return Narrowed(graph=smaller, weights=left, kept=kept)


def _weights(graph: Graph, node: Node, weights: Weights, kept: dict[str, Kept]) -> dict[str, torch.Tensor]:
    """The weights of one node, with what stays of them."""
    operator, shapes = node.operator, graph.input_shapes(node)
    names = {**operator.parameters(*shapes), **operator.buffers(*shapes)}
    found: dict[str, torch.Tensor] = {}
    for key in names:
        full = weights[f"{node.name}.{key}"]
        if names[key] == node.shape[:1] or not isinstance(operator, (Conv, ConvTranspose, Linear)):
            part = full[list(kept[node.name])] if names[key] == node.shape[:1] else full.clone()
        else:
            part = _cut(operator, full, kept[node.inputs[0]], kept[node.name])
        found[f"{node.name}.{key}"] = part
    return found


def _cut(operator: Conv | ConvTranspose | Linear, weight: torch.Tensor, read: Kept, written: Kept) -> torch.Tensor:
    """A weight that joins channels read with channels written, in groups."""
    if isinstance(operator, Linear):
        return weight[list(written)][:, list(read)]
    groups = int(operator.groups)
    rows, columns = (read, written) if isinstance(operator, ConvTranspose) else (written, read)
    if groups == 1:
        return weight[list(rows)][:, list(columns)]
    across = weight.shape[1]
    if across == 1:
        return weight[list(rows)]
    down = weight.shape[0] // groups
    by_group = _by_group(rows, down), _by_group(columns, across)
    parts = [weight[here][:, [place % across for place in by_group[1][group]]] for group, here in by_group[0].items()]
    return torch.cat(parts)


def _by_group(channels: Kept, size: int) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for channel in channels:
        found.setdefault(channel // size, []).append(channel)
    return found
