"""SqueezeNext: Hardware-Aware Neural Network Design (arXiv:1803.10615), as the authors' Caffe network has it."""

from __future__ import annotations

from featherbone.blocks import two_stage_squeeze, unit
from featherbone.graph import Dim, Graph, scope
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, scaled

STEM = 64
STAGES = ((32, 6), (64, 6), (128, 8), (256, 1))  # channels, blocks
LAST = 128
ORDERS = ("row_first", "column_first")  # of even and of odd blocks, counted through the network


def squeezenext(
    *,
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
) -> Graph:
    """1.0-SqNxt-23: twenty-one two-stage squeezes, and a bottleneck before the classifier.

    >>> squeezenext(width=2.0).output_shape
    (1000,)

    Blocks take turns in which of their 3×1 and 1×3 kernels comes first. As in the authors' network the stem has no
    padding and the usual resolution is 227, and as there the classifier has no bias.
    The small-image form starts with a 3×3 convolution without stride and without pooling; its usual resolution is 32.
    """
    x = network_input(image_channels, resolution, usual=227, smallest=32, small=small)
    with scope("stem"):
        if small:
            x = unit(x, scaled(STEM, width), 3)
        else:
            x = unit(x, scaled(STEM, width), 7, stride=2, padding=0).max_pool(3, stride=2, ceil=True)
    block = 0
    for stage, (channels, blocks) in enumerate(STAGES, start=1):
        out = scaled(channels, width)
        for number in range(1, blocks + 1):
            block += 1
            stride = 2 if stage > 1 and number == 1 else 1
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = two_stage_squeeze(x, out, stride=stride, order=ORDERS[block % 2])
    with scope("last"):
        x = unit(x, scaled(LAST, width), 1)
    return classifier(x, classes, bias=False).graph("squeezenext")
