"""Xception: Deep Learning with Depthwise Separable Convolutions (arXiv:1610.02357), figure 5."""

from __future__ import annotations

from functools import partial

from featherbone import blocks
from featherbone.blocks import unit
from featherbone.graph import Dim, Graph, Wire, scope
from featherbone.networks.shared.ends import classifier, network_input

STEM = (32, 64)
ENTRY = (128, 256, 728)  # blocks of two separable convolutions and a pooling
MIDDLE = (728, 8)  # channels, blocks of three separable convolutions
EXIT = (728, 1024)  # one block, pooled
LAST = (1536, 2048)
EPSILON = 1e-3  # of its batch norms

_separable = partial(blocks.separable, pointwise_first=False, epsilon=EPSILON)


def xception(
    *,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
) -> Graph:
    """Separable convolutions with residuals around every two or three of them.

    >>> xception().output_shape
    (1000,)

    The usual resolution is 299. The small-image form, of usual resolution 32, leaves out the first two strides and pads
    the first two convolutions.
    """
    x = network_input(image_channels, resolution, usual=299, smallest=37, small=small)
    edge = "same" if small else "valid"
    with scope("stem"):
        x = unit(x, STEM[0], 3, stride=1 if small else 2, padding=edge, epsilon=EPSILON, name="conv1")
        x = unit(x, STEM[1], 3, padding=edge, epsilon=EPSILON, name="conv2")
    for stage, channels in enumerate(ENTRY, start=1):
        with scope(f"stage{stage}"):
            x = _strided(x, (channels, channels), stride=1 if small and stage == 1 else 2, act=stage > 1)
    channels, repeats = MIDDLE
    for number in range(1, repeats + 1):
        with scope("stage4"), scope(f"block{number}"):
            x = x + _separables(x, (channels,) * 3)
    with scope("stage5"):
        x = _strided(x, EXIT, stride=2)
    with scope("last"):
        for layer, channels in enumerate(LAST, start=1):
            with scope(f"separable{layer}"):
                x = _separable(x, channels, act="relu")
    return classifier(x, classes).graph("xception")


def _separables(x: Wire, channels: tuple[int, ...], *, act: bool = True) -> Wire:
    for layer, out in enumerate(channels, start=1):
        with scope(f"separable{layer}"):
            x = x.act("relu") if act or layer > 1 else x
            x = _separable(x, out)
    return x


def _strided(x: Wire, channels: tuple[int, ...], *, stride: int, act: bool = True) -> Wire:
    """Separable convolutions and a pooling, beside a 1×1 projection; ``act`` says whether an activation comes first."""
    y = _separables(x, channels, act=act)
    if stride != 1:
        y = y.max_pool(3, stride=stride, padding=1, name="pool")
    return unit(x, channels[-1], 1, stride=stride, act=None, epsilon=EPSILON, name="shortcut") + y
