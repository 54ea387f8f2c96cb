"""timm's names of the networks whose stages or branches are counted otherwise there than here."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from featherbone.errors import FeatherboneError
from featherbone.graph.operators import BatchNorm
from featherbone.networks import network
from featherbone.nn import module, weights_of
from featherbone.nn.foreign.match import match

UNIT = {"depthwise": "conv_dw", "depthwise_norm": "bn1", "pointwise": "conv_pw", "pointwise_norm": "bn2"}
EXCITED = {"se.reduce": "se.conv_reduce", "se.expand": "se.conv_expand"}
ENDS = {"stem.conv": "conv_stem", "stem.conv_norm": "bn1", "head.hidden": "conv_head", "head.classifier": "classifier"}
# By hand from timm's tables: its place of each of our blocks.
LCNET = {(1, 1): "0.0", (2, 1): "1.0", (2, 2): "1.1", (3, 1): "2.0", (3, 2): "2.1", (5, 1): "5.0", (5, 2): "5.1"}
LCNET |= {(4, 1): "3.0", (4, 2): "3.1", (4, 3): "4.0", (4, 4): "4.1", (4, 5): "4.2", (4, 6): "4.3"}
REPGHOST = {(1, 1): "0.0", (2, 1): "1.0", (2, 2): "2.0", (3, 1): "3.0", (3, 2): "4.0", (4, 1): "5.0", (4, 2): "6.0"}
REPGHOST |= {(4, 3): "6.1", (4, 4): "6.2", (5, 1): "6.3", (5, 2): "6.4", (6, 1): "7.0", (6, 2): "8.0"}
REPGHOST |= {(6, 3): "8.1", (6, 4): "8.2", (6, 5): "8.3"}
GHOST = {
    "primary": "primary_conv.0",
    "primary_norm": "primary_conv.1",
    "cheap": "cheap_operation",
    "cheap_branch1": "cheap_operation.0",
    "cheap_branch1_norm": "cheap_operation.1",
    "cheap_skip": "fusion_bn.0",
}
GHOSTS = {f"{ours}.{a}": f"ghost{n}.{b}" for n, ours in ((1, "expand"), (2, "project")) for a, b in GHOST.items()}
GHOSTS |= {"depthwise": "conv_dw", "depthwise_norm": "bn_dw", **EXCITED}
GHOSTS |= {"shortcut.depthwise": "shortcut.0", "shortcut.depthwise_norm": "shortcut.1"}
GHOSTS |= {"shortcut.pointwise": "shortcut.2", "shortcut.pointwise_norm": "shortcut.3"}
LAST = {"last.conv": "blocks.9.0.conv", "last.conv_norm": "blocks.9.0.bn1"}
SUM = {"conv_skip": "identity", "se.reduce": "attn.fc1", "se.expand": "attn.fc2"}
SUM |= {"conv_scale": "conv_scale.conv", "conv_scale_norm": "conv_scale.bn"}
SUM |= {f"conv_branch{n + 1}": f"conv_kxk.{n}.conv" for n in range(4)}
SUM |= {f"conv_branch{n + 1}_norm": f"conv_kxk.{n}.bn" for n in range(4)}


def _place(layer: str) -> tuple[tuple[int, int], str]:
    stage, block, rest = layer.split(".", 2)
    return (int(stage.removeprefix("stage")), int(block.removeprefix("block"))), rest


def lcnet(layer: str) -> str:
    if layer in ENDS:
        return ENDS[layer]
    place, rest = _place(layer)
    return f"blocks.{LCNET[place]}.{(UNIT | EXCITED)[rest]}"


def repghostnet(layer: str) -> str:
    if layer in ENDS | LAST:
        return (ENDS | LAST)[layer]
    place, rest = _place(layer)
    return f"blocks.{REPGHOST[place]}.{GHOSTS[rest]}"


def mobileone(layer: str) -> str:
    if layer == "head.classifier":
        return "head.fc"
    if layer.startswith("stem."):
        return f"stem.{SUM[layer.removeprefix('stem.')]}"
    (stage, block), rest = _place(layer)
    step, part = rest.split(".", 1)
    alone = {"conv": "conv_kxk.0.conv", "conv_norm": "conv_kxk.0.bn"}  # one branch that is no sum
    return f"stages.{stage - 1}.{2 * (block - 1) + (step == 'pointwise')}.{(SUM | alone)[part]}"


def merged(layer: str) -> str:
    if layer == "head.classifier":
        return "head.fc"
    if layer == "stem.conv":
        return "stem.reparam_conv"
    (stage, block), rest = _place(layer)
    return f"stages.{stage - 1}.{2 * (block - 1) + (rest == 'pointwise.conv')}.reparam_conv"


@pytest.mark.parametrize(
    ("spec", "naming", "theirs"),
    [
        ("lcnet:width=0.25", "timm lcnet", lcnet),
        ("repghostnet:width=0.25", "timm repghostnet", repghostnet),
        ("repghostnet:width=0.25,merged=true", "timm repghostnet", repghostnet),
        ("mobileone_s0:width=0.125", "timm mobileone", mobileone),
        ("mobileone_s1:width=0.125", "timm mobileone", mobileone),
        ("mobileone_s4:width=0.125", "timm mobileone", mobileone),
        ("mobileone_s0:width=0.125,merged=true", "timm mobileone", merged),
    ],
)
def test_every_layer_has_its_place(spec: str, naming: str, theirs: Callable[[str], str]) -> None:
    graph = network(spec, classes=10)
    weights = weights_of(module(graph, seed=0))
    foreign = {f"{theirs(name.rpartition('.')[0])}.{name.rpartition('.')[2]}": t for name, t in weights.items()}
    assert len(foreign) == len(weights)
    found = match(graph, foreign)
    assert found.naming == naming
    assert all(torch.equal(found.weights[name], weights[name]) for name in weights)
    norms = [node.operator for node in found.graph.nodes if isinstance(node.operator, BatchNorm)]
    assert all(norm.epsilon == 1e-5 for norm in norms)


def test_a_merged_file_for_the_network_as_it_is_trained_says_which_setting_is_missing() -> None:
    weights = weights_of(module(network("mobileone_s0:width=0.125,merged=true", classes=10), seed=0))
    foreign = {f"{merged(name.rpartition('.')[0])}.{name.rpartition('.')[2]}": t for name, t in weights.items()}
    with pytest.raises(FeatherboneError, match="such as width, classes, depth or merged"):
        match(network("mobileone_s0:width=0.125", classes=10), foreign)
