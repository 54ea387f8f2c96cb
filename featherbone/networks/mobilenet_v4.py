"""MobileNetV4: Universal Models for the Mobile Ecosystem (arXiv:2404.10518), Conv-S."""

from __future__ import annotations

from featherbone.blocks import unit, universal_bottleneck
from featherbone.graph import Dim, Graph, scope
from featherbone.graph.dimension import is_symbolic
from featherbone.networks.shared.ends import network_input, require_classes
from featherbone.networks.shared.rounding import Width, scaled

STEM = 32
CONVOLUTIONS = ((32, 32), (96, 64))  # of stages 1 and 2: channels of a 3×3 with stride 2, then of a 1×1
BOTTLENECKS = (  # of stages 3 and 4: channels; of each block the expansion t, kernels S and K; the first has stride 2
    (96, ((3, 5, 5), (2, None, 3), (2, None, 3), (2, None, 3), (2, None, 3), (4, 3, None))),
    (128, ((6, 3, 3), (4, 5, 5), (4, None, 5), (3, None, 5), (4, None, 3), (4, None, 3))),
)
LAST, HIDDEN = 960, 1280


def mobilenet_v4_conv_small(
    *,
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    divisor: int = 8,
    dropout: float = 0.2,
) -> Graph:
    """Plain convolutions first, then universal bottlenecks: the smallest network of the family.

    >>> mobilenet_v4_conv_small(width=0.5).output_shape
    (1000,)

    ``width`` is timm's: channels are rounded to multiples of ``divisor``, the hidden layer keeps its 1280 channels, and
    a width below 1 leaves the stem as it is; a symbolic width is taken as at most 1.
    The small-image form starts with strides 1, 1 in place of 2, 2; its usual resolution is 32 instead of 224.
    """
    require_classes(classes)
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    with scope("stem"):
        out = STEM if is_symbolic(width) else scaled(STEM, max(1.0, width), divisor=divisor)
        x = unit(x, out, 3, stride=1 if small else 2)
    for stage, (filtered, mixed) in enumerate(CONVOLUTIONS, start=1):
        with scope(f"stage{stage}"):
            stride = 1 if small and stage == 1 else 2
            x = unit(x, scaled(filtered, width, divisor=divisor), 3, stride=stride, name="conv1")
            x = unit(x, scaled(mixed, width, divisor=divisor), 1, name="conv2")
    for stage, (channels, blocks) in enumerate(BOTTLENECKS, start=3):
        out = scaled(channels, width, divisor=divisor)
        for number, (expand, start, kernel) in enumerate(blocks, start=1):
            stride = 2 if number == 1 else 1
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = universal_bottleneck(x, out, expand=expand, start=start, kernel=kernel, stride=stride)
    with scope("last"):
        x = unit(x, scaled(LAST, width, divisor=divisor), 1)
    with scope("head"):
        x = unit(x.global_pool(), HIDDEN, 1, name="hidden").flatten().dropout(dropout)
        x = x.linear(classes, name="classifier")
    return x.graph("mobilenet_v4_conv_small")
