"""Padding there and back: TensorFlow's, and the same at all edges."""

from __future__ import annotations

from featherbone.graph import image
from featherbone.networks import network
from featherbone.nn.foreign.rewrite import with_symmetric_padding, with_tensorflow_padding


def test_there_and_back_is_the_network() -> None:
    graph = network("mobilenet_v2")
    assert with_symmetric_padding(with_tensorflow_padding(graph)) == graph
    assert with_symmetric_padding(graph) == graph
    lite = network("efficientnet_lite0")
    symmetric = with_symmetric_padding(lite)
    assert symmetric["stem.conv"].operator.padding == ((1, 1), (1, 1))
    assert symmetric["stage3.block1.depthwise"].operator.padding == ((2, 2), (2, 2))
    assert [node.shape for node in symmetric.nodes] == [node.shape for node in lite.nodes]


def test_padding_that_is_not_tensorflows_stays() -> None:
    graph = image(3, 8).conv(4, 3, padding=((2, 0), (2, 0))).graph("causal")
    assert with_symmetric_padding(graph) == graph
