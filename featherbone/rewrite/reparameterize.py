"""Sums of linear branches become one convolution: RepVGG's, MobileOne's, RepGhost's, whatever is a sum of such.

Law: the result computes what the network computes in evaluation, to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from featherbone.graph import Graph
from featherbone.nn import check_weights
from featherbone.nn.branch_merging import merge_branches
from featherbone.rewrite.fold import fold
from featherbone.rewrite.trained_graph import TrainedGraph


def reparameterize(graph: Graph, weights: Mapping[str, torch.Tensor]) -> TrainedGraph:
    """A trained network with one convolution in place of each sum of branches that read one map.

    >>> from featherbone.blocks import branched
    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = branched(image(8, 14), 8, copies=2).act("relu").graph("tiny")
    >>> merged = reparameterize(graph, weights_of(module(graph, seed=0)))
    >>> len(graph.nodes), [node.name for node in merged.graph.nodes], sorted(merged.weights)
    (12, ['image', 'branched', 'branched_act'], ['branched.bias', 'branched.weight'])

    A branch is a convolution, a convolution with its norm, a norm, or the map itself; kernels, groups and padding may
    differ. Which sums are merged is a reading of the graph (``featherbone.graph.parallel``), so networks of elsewhere
    are merged like those of the zoo. The convolution has the name of the add. Norms outside of sums stay: ``fold``.

    Raises:
        FeatherboneError: weights that do not fit the graph.
    """
    check_weights(graph, weights)
    held = {name: tensor.detach().clone() for name, tensor in weights.items()}
    return TrainedGraph(*merge_branches(graph, held))


def inference_form(graph: Graph, weights: Mapping[str, torch.Tensor]) -> TrainedGraph:
    """The network as it runs fastest and computes the same: branches merged, then norms folded.

    >>> from featherbone.networks import network
    >>> from featherbone.nn.initialise import initial_weights
    >>> graph = network("mobileone_s0:width=0.25", classes=10)
    >>> inference_form(graph, initial_weights(graph, seed=0)).graph == network(
    ...     "mobileone_s0:width=0.25,merged=true", classes=10)
    True

    Raises:
        FeatherboneError: weights that do not fit the graph.
    """
    return fold(*reparameterize(graph, weights))
