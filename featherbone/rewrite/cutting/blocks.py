"""What a network loses with each block that a shortcut goes around, once what follows has made up for it."""

from __future__ import annotations

from itertools import islice

import torch

from featherbone.graph import Graph
from featherbone.graph.branches import Branch, branches
from featherbone.progress import Progress, Reading, silent
from featherbone.rewrite.cutting.answers import CutJudge, judged
from featherbone.rewrite.drop import drop
from featherbone.rewrite.mending.mend import mend
from featherbone.rewrite.mending.rows import is_layer
from featherbone.rewrite.trained_graph import TrainedGraph

FITTED = 3  # layers behind a block that make up for it: about those of the next block


def block_losses(network: TrainedGraph, images: torch.Tensor, progress: Progress = silent) -> dict[str, float]:
    """For each branch that can be dropped, by how many nats the answers then diverge from those of the whole network.

    >>> from featherbone.networks import network
    >>> from featherbone.nn import module, weights_of
    >>> graph = network("mlperf_tiny_resnet8")
    >>> images = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> list(block_losses(TrainedGraph(graph, weights_of(module(graph, seed=0))), images))
    ['stage1.block1']

    A branch has the name that ``featherbone.graph.branches`` gives it. The layers behind it are fitted to what they
    wrote before (``mend``); those further on stay, so what all of them together would mend is a little more. ``images``
    are as the network takes them, without labels. A network of several outputs, or of one class, has none to weigh.
    """
    found = branches(network.graph)
    some = judged(images)
    judge = CutJudge(network, some)
    losses = {}
    for done, branch in enumerate(found):
        progress(Reading(what="weighing blocks", done=done, total=len(found), unit="blocks"))
        smaller = drop(*network, [branch.name])
        fitted = _behind(network.graph, smaller.graph, branch)
        losses[branch.name] = judge.divergence_of(mend(network, smaller, some, layers=fitted).network)
    return losses


def _behind(graph: Graph, smaller: Graph, branch: Branch) -> set[str]:
    """The first layers of ``smaller`` that depend on the sum that the branch was part of."""
    changed = {branch.add}
    for node in graph.nodes:
        if not changed.isdisjoint(node.inputs):
            changed.add(node.name)
    layers = (node.name for node in smaller.nodes if node.name in changed and is_layer(node.operator))
    return set(islice(layers, FITTED))
