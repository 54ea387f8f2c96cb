"""Squeeze-and-Excitation Networks (arXiv:1709.01507), table 1 and the appendix on SENet-154.

The stems pool as the authors' Caffe networks do, so that their weights compute what they computed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from featherbone.blocks import bottleneck, excited, resnext, unit
from featherbone.graph import Dim, Graph, Wire, scope
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.residual import STEM, blocks_of, residual_stages, residual_stem

EXPANSION = 4
STEM_154 = (64, 64, 128)  # three 3×3 convolutions in place of one 7×7


def se_resnet(
    *,
    depth: int = 50,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    stride_at: str = "reduce",
) -> Graph:
    """ResNet with squeeze-and-excitation on every branch; depth 50, 101 or 152.

    >>> se_resnet().output_shape
    (1000,)

    ``stride_at`` is as in ``resnet``; here the default is the first 1×1 convolution, as in the paper: 3.86 G.
    The small-image form has one 3×3 convolution as its stem; its usual resolution is 32 instead of 224.
    """
    block = excited(partial(bottleneck, stride_at=stride_at))
    blocks = blocks_of(depth, 50, 101, 152)
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    x = residual_stem(x, STEM, small=small, ceil=True)
    x = residual_stages(x, block, blocks=blocks, expansion=EXPANSION)
    return classifier(x, classes).graph(f"se_resnet{depth}")


def se_resnext(
    *,
    depth: int = 50,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
) -> Graph:
    """ResNeXt 32×4d with squeeze-and-excitation on every branch; depth 50 or 101.

    >>> se_resnext().output_shape
    (1000,)
    """
    blocks = blocks_of(depth, 50, 101)
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    x = residual_stem(x, STEM, small=small, ceil=True)
    x = residual_stages(x, excited(resnext), blocks=blocks, expansion=EXPANSION)
    return classifier(x, classes).graph(f"se_resnext{depth}_32x4d")


def senet154(
    *, resolution: Dim | None = None, classes: int = 1000, image_channels: int = 3, small: bool = False
) -> Graph:
    """ResNeXt-152 64×4d with squeeze-and-excitation, a stem of three 3×3 convolutions, and less work in its 1×1 layers.

    >>> senet154(small=True, classes=10).output_shape
    (10,)

    From the appendix: the first 1×1 convolution of each block has half the channels of the 3×3 one; projections that
    stride are 3×3; dropout of 0.2 before the classifier.
    """
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    with scope("stem"):
        for layer, channels in enumerate(STEM_154, start=1):
            x = unit(x, channels, 3, stride=2 if layer == 1 and not small else 1, name=f"conv{layer}")
        if not small:
            x = x.max_pool(3, stride=2, ceil=True)
    x = residual_stages(x, excited(_block_154), blocks=blocks_of(152, 152), expansion=EXPANSION)
    return classifier(x, classes, dropout=0.2).graph("senet154")


def _block_154(x: Wire, out: Dim, *, stride: int, attend: Callable[[Wire], Wire] | None = None) -> Wire:
    return bottleneck(
        x,
        out,
        reduction=2,
        widen=2,
        groups=64,
        stride=stride,
        shortcut_kernel=3 if stride != 1 else 1,
        attend=attend,
    )
