"""The names of efficientnet_pytorch, in both families that have them; TensorFlow's padding comes with them."""

from __future__ import annotations

import pytest
import torch

from featherbone.graph.operators import BatchNorm
from featherbone.networks import network
from featherbone.nn import module, weights_of
from featherbone.nn.foreign.match import match

LAYERS = {
    "expand": "_expand_conv",
    "expand_norm": "_bn0",
    "depthwise": "_depthwise_conv",
    "depthwise_norm": "_bn1",
    "se.reduce": "_se_reduce",
    "se.expand": "_se_expand",
    "project": "_project_conv",
    "project_norm": "_bn2",
}
ENDS = {"stem.conv": "_conv_stem", "stem.conv_norm": "_bn0", "head.classifier": "_fc"}
ENDS |= {"last.conv": "_conv_head", "last.conv_norm": "_bn1"}


@pytest.mark.parametrize("spec", ["efficientnet_lite0:width=0.25", "efficientnet_b0:width=0.25"])
def test_blocks_are_counted_through_all_stages(spec: str) -> None:
    graph = network(spec, classes=10)
    weights = weights_of(module(graph, seed=0))
    blocks: list[str] = []
    foreign = {}
    for name, tensor in weights.items():
        layer, _, key = name.rpartition(".")
        if layer in ENDS:
            foreign[f"{ENDS[layer]}.{key}"] = tensor
            continue
        stage, block, rest = layer.split(".", 2)
        if f"{stage}.{block}" not in blocks:
            blocks.append(f"{stage}.{block}")
        foreign[f"_blocks.{blocks.index(f'{stage}.{block}')}.{LAYERS[rest]}.{key}"] = tensor
    found = match(graph, foreign)
    assert found.naming == "efficientnet_pytorch"
    assert found.tensorflow
    assert all(torch.equal(found.weights[name], weights[name]) for name in weights)
    assert {n.operator.epsilon for n in found.graph.nodes if isinstance(n.operator, BatchNorm)} == {1e-3}
