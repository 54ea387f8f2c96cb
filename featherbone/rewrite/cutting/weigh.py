"""What each part of a network is worth: its channels and its blocks, by what their absence does to the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from featherbone.graph import Graph
from featherbone.graph.channel_sets import ChannelSets, channel_sets
from featherbone.progress import Progress, silent
from featherbone.rewrite.cutting.blocks import block_losses
from featherbone.rewrite.cutting.elimination import Elimination
from featherbone.rewrite.cutting.losses import losses
from featherbone.rewrite.cutting.means import Means
from featherbone.rewrite.trained_graph import TrainedGraph

WEIGHED = 1536  # images by which channels are weighed; mending takes all


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """The sets of channels, what ``losses`` says of their spaces, and what ``block_losses`` says of branches."""

    sets: ChannelSets
    widths: Mapping[int, Elimination]
    blocks: Mapping[str, float]

    def of(self, graph: Graph) -> tuple[ChannelSets, dict[int, Elimination]]:
        """The sets of what is left of the network without some branches, and what is known of those that stayed."""
        sets = channel_sets(graph)
        known = {_key(self.sets, place): found for place, found in self.widths.items()}
        places = range(len(sets.spaces))
        return sets, {place: known[_key(sets, place)] for place in places if _key(sets, place) in known}


def weigh(network: TrainedGraph, images: torch.Tensor, means: Means, progress: Progress = silent) -> Weighed:
    """What the channels and blocks of a network are worth that ``means`` allow to go.

    >>> from featherbone.networks import network
    >>> from featherbone.nn import module, weights_of
    >>> graph = network("mlperf_tiny_resnet8")
    >>> images = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> found = weigh(TrainedGraph(graph, weights_of(module(graph, seed=0))), images, Means(widths=False))
    >>> list(found.widths), list(found.blocks)
    ([], ['stage1.block1'])
    """
    sets = channel_sets(network.graph)
    return Weighed(
        sets=sets,
        widths=losses(network, sets, images[:WEIGHED], progress) if means.widths else {},
        blocks=block_losses(network, images, progress) if means.blocks else {},
    )


def _key(sets: ChannelSets, place: int) -> tuple[str, int]:
    """What a space is known by where some blocks are gone: the node that writes it first, and its sets."""
    space = sets.spaces[place]
    return space.name, 0 if space.fixed else len(space.sets)
