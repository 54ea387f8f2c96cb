"""Orders inside a stage that no total can tell: read off the papers' tables, not off the networks."""

from __future__ import annotations

import pytest

from featherbone.graph.operators import Conv
from featherbone.networks import network

DEPTHWISE = {  # channels and kernel of each depthwise step, in order
    "mobilenet_v3_large": (
        *((16, 3), (64, 3), (72, 3), (72, 5), (120, 5), (120, 5), (240, 3), (200, 3), (184, 3), (184, 3)),
        *((480, 3), (672, 3), (672, 5), (960, 5), (960, 5)),
    ),
    "mobilenet_v3_small": (
        *((16, 3), (72, 3), (88, 3), (96, 5), (240, 5), (240, 5), (120, 5), (144, 5), (288, 5), (576, 5), (576, 5)),
    ),
    "mobilenet_v4_conv_small": (
        *((64, 5), (192, 5), (192, 3), (192, 3), (192, 3), (192, 3), (96, 3)),
        *((96, 3), (576, 3), (128, 5), (512, 5), (512, 5), (384, 5), (512, 3), (512, 3)),
    ),
    "mcunet_in1": (
        *((16, 3), (32, 3), (48, 3), (48, 7), (120, 3), (120, 3), (160, 7), (160, 5), (144, 3), (192, 3)),
        *((240, 7), (384, 5), (384, 5), (576, 3)),
    ),
}


@pytest.mark.parametrize("name", DEPTHWISE)
def test_depthwise_steps_come_in_the_papers_order(name: str) -> None:
    convolutions = [node.operator for node in network(name).nodes if isinstance(node.operator, Conv)]
    found = [(conv.groups, conv.kernel[0]) for conv in convolutions if conv.groups != 1]
    assert found == list(DEPTHWISE[name])


def test_squeezenext_takes_turns_in_its_kernels() -> None:
    convolutions = [node.operator for node in network("squeezenext").nodes if isinstance(node.operator, Conv)]
    firsts = [conv.kernel for conv in convolutions if conv.kernel in ((3, 1), (1, 3))][::2]
    assert firsts == [(3, 1), (1, 3)] * 10 + [(3, 1)]


def test_ghostnets_last_stage_is_excited_in_turns() -> None:
    nodes = network("ghostnet").nodes
    excited = {node.name.split(".se.")[0] for node in nodes if ".se." in node.name and node.name.startswith("stage6")}
    assert excited == {"stage6.block1", "stage6.block3", "stage6.block5"}
