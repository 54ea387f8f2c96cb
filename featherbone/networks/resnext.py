"""Aggregated Residual Transformations for Deep Neural Networks (arXiv:1611.05431), table 1."""

from __future__ import annotations

from functools import partial

from featherbone import blocks
from featherbone.graph import Dim, Graph
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.residual import STEM, blocks_of, residual_stages, residual_stem

EXPANSION = 4
REDUCTION = 2  # 256 channels out of stage 1 have 128 = 32 groups × 4 channels in the middle


def resnext(
    *,
    depth: int = 50,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
) -> Graph:
    """ResNet with grouped bottlenecks of twice the width: 32 groups of 4 channels in stage 1.

    >>> resnext(depth=101).output_shape
    (1000,)

    Depth 50 or 101. The small-image form has one 3×3 convolution as its stem; its usual resolution is 32 instead of
    224.
    """
    repeats = blocks_of(depth, 50, 101)
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    x = residual_stem(x, STEM, small=small)
    x = residual_stages(x, partial(blocks.resnext, groups=32, reduction=REDUCTION), blocks=repeats, expansion=EXPANSION)
    return classifier(x, classes).graph(f"resnext{depth}_32x4d")
