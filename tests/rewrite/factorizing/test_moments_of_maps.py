"""Moments are those of the maps, of each layer that can be computed."""

from __future__ import annotations

import torch

from featherbone.graph import image
from featherbone.nn.initialise import initial_weights
from featherbone.rewrite import TrainedGraph
from featherbone.rewrite.factorizing import at_share, moments_of, tabulate


def test_a_pointwise_layer_reads_its_channels(network, images):
    found = moments_of(network, images, ["mix"])["mix"]
    assert found.read.shape == (1, 13, 13)
    assert found.rows == 40 * network.graph["mix"].shape[1] * network.graph["mix"].shape[2]
    assert float(found.read[0, -1, -1]) == found.rows


def test_what_is_behind_an_unknown_operator_is_left_and_the_rest_is_done():
    x = image(3, 8).conv(8, 3, name="before").opaque("swirl", (8, 8, 8), name="swirl").conv(8, 3, name="behind")
    graph = x.graph("strange")
    network = TrainedGraph(graph, initial_weights(graph, seed=0))
    found = moments_of(network, torch.randn(4, 3, 8, 8), ["before", "behind"])
    assert [*found] == ["before"]
    table = tabulate(network, ["before", "behind"], ["asymmetric"], at_share(0.5), found)
    assert [each.layer for each in table.tried] == ["before"]
    assert table.left == (("behind", "there are no moments of what it reads"),)
