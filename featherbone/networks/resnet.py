"""Deep Residual Learning for Image Recognition (arXiv:1512.03385), table 1: the networks for ImageNet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from featherbone.blocks import basic, bottleneck
from featherbone.graph import Dim, Graph, Wire
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.residual import BLOCKS, STEM, blocks_of, residual_stages, residual_stem
from featherbone.networks.shared.rounding import Width, scaled


def resnet(
    *,
    depth: int = 50,
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    stride_at: str = "kernel",
    shortcut: str = "auto",
) -> Graph:
    """Four stages of residual blocks: basic ones at depths 18 and 34, bottlenecks at 50, 101 and 152.

    >>> resnet(depth=18, small=True, classes=10).output_shape
    (10,)

    ``stride_at`` is ``"kernel"`` (a bottleneck's 3×3 convolution strides, as in most libraries) or ``"reduce"`` (its
    first 1×1 does: the paper). ``shortcut`` is ``"auto"`` (the paper's option B), ``"pad"`` (A) or ``"projection"``
    (C). The small-image form has one 3×3 convolution as its stem; its usual resolution is 32 instead of 224.
    """
    blocks = blocks_of(depth, *BLOCKS)
    block: Callable[..., Wire]
    if depth < 50:
        block, expansion = partial(basic, shortcut=shortcut), 1
    else:
        block, expansion = partial(bottleneck, stride_at=stride_at, shortcut=shortcut), 4
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    x = residual_stem(x, scaled(STEM, width), small=small)
    x = residual_stages(x, block, blocks=blocks, expansion=expansion, width=width)
    return classifier(x, classes).graph(f"resnet{depth}")
