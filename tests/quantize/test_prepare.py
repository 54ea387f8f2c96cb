"""A prepared network computes what the network does, without norms and with nothing shared."""

import pytest
import torch
from narrowing import difference, lively_weights, outputs, smallest

from featherbone.graph import Graph, image
from featherbone.graph.operators import BatchNorm, Conv, Input
from featherbone.quantize import prepared


def preactivated() -> Graph:
    x = image(3, 8).conv(4, 3, name="a")
    y = x.norm(name="early").act("relu").conv(4, 3, name="b").norm().act("relu").dropout(0.5).conv(4, 3, name="c")
    return (x + y).norm(name="late").act("relu").global_pool().flatten().linear(2).graph("preactivated")


@pytest.mark.parametrize(
    "graph", [preactivated(), smallest("mobileone_s0", width=0.5), smallest("shufflenet_v2", width=0.5)]
)
def test_it_computes_the_same(graph):
    weights = lively_weights(graph)
    found = prepared(graph, weights)
    assert not any(isinstance(node.operator, BatchNorm) for node in found.graph.nodes)
    assert difference(outputs(graph, weights), outputs(*found)) < 1e-5


def test_layers_that_share_weights_have_copies():
    conv = Conv(out_channels=3, kernel=(1, 1), bias=True)
    entries = [("image", Input(shape=(3, 4, 4)), ()), ("a", conv, ("image",)), ("b", conv, ("a",))]
    graph = Graph.build("twice", entries, ("b",), shares={"b": "a"})
    weights = lively_weights(graph)
    found = prepared(graph, weights)
    assert torch.equal(found.weights["b.weight"], weights["a.weight"])
    assert difference(outputs(graph, weights), outputs(*found)) < 1e-6
