"""MobileNetV2: Inverted Residuals and Linear Bottlenecks (arXiv:1801.04381), table 2."""

from __future__ import annotations

from featherbone.blocks import inverted_residual, unit
from featherbone.graph import Dim, Graph, scope
from featherbone.graph.dimension import is_symbolic
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, scaled

STEM = 32
STAGES = (  # expansion t, channels c, blocks n, stride s of the first
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
LAST = 1280


def mobilenet_v2(
    *,
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    divisor: int = 8,
    dropout: float = 0.2,
) -> Graph:
    """Seventeen inverted residuals.

    >>> mobilenet_v2(width=0.5, resolution=160).output_shape
    (1000,)

    Channels are rounded to multiples of ``divisor``. A width below 1 leaves the last convolution at 1280 channels
    (section 4); a symbolic width is taken as at most 1.
    The small-image form starts with strides 1, 1 in place of 2, 2; its usual resolution is 32 instead of 224.
    """
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    with scope("stem"):
        x = unit(x, scaled(STEM, width, divisor=divisor), 3, stride=1 if small else 2, act="relu6")
    for stage, (expand, channels, blocks, stride) in enumerate(STAGES, start=1):
        out = scaled(channels, width, divisor=divisor)
        first = 1 if small and stage == 2 else stride
        for number in range(1, blocks + 1):
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = inverted_residual(x, out, expand=expand, stride=first if number == 1 else 1)
    with scope("last"):
        x = unit(x, LAST if is_symbolic(width) else scaled(LAST, max(1.0, width), divisor=divisor), 1, act="relu6")
    return classifier(x, classes, dropout=dropout).graph("mobilenet_v2")
