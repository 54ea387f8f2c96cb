"""EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks (arXiv:1905.11946), table 1."""

from __future__ import annotations

import math
from functools import partial

from featherbone.blocks import inverted_residual, squeeze_excitation, unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, scope
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, scaled, share

STEM = 32
STAGES = (  # expansion t, channels c, blocks n, stride s of the first, kernel k
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
LAST = 1280
DEEPEST = 100  # as for widths: more is a typo


def efficientnet_b0(
    *,
    width: Width = 1.0,
    depth: float = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    divisor: int = 8,
    dropout: float = 0.2,
) -> Graph:
    """Sixteen excited inverted residuals, and two multipliers that scale them with the resolution.

    >>> efficientnet_b0(width=1.1, depth=1.2, resolution=260).output_shape
    (1000,)

    The paper's compound scaling multiplies ``width`` (channels, rounded to multiples of ``divisor``), ``depth`` (blocks
    of each stage, rounded up) and ``resolution`` at once: B1 is 1.0, 1.1 and 240, B2 1.1, 1.2 and 260, B3 1.2, 1.4 and
    300, B4 1.4, 1.8 and 380. Squeeze-and-excitation narrows to a quarter of the block's input. Padding is the same at
    all edges, where the authors' code with stride 2 pads what the stride needs.
    The small-image form starts with strides 1, 1 in place of 2, 2; its usual resolution is 32 instead of 224.
    """
    if not 0 < depth <= DEEPEST:
        raise FeatherboneError(f"depth is {depth!r}; it must be above 0 and at most {DEEPEST}")
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    with scope("stem"):
        x = unit(x, scaled(STEM, width, divisor=divisor), 3, stride=1 if small else 2, act="silu")
    for stage, (expand, channels, blocks, stride, kernel) in enumerate(STAGES, start=1):
        out = scaled(channels, width, divisor=divisor)
        first = 1 if small and stage == 2 else stride
        for number in range(1, math.ceil(depth * blocks) + 1):
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = inverted_residual(
                    x,
                    out,
                    expand=expand,
                    kernel=kernel,
                    stride=first if number == 1 else 1,
                    act="silu",
                    attend=partial(squeeze_excitation, narrow=share(x.channels, 1, 4), act="silu"),
                )
    with scope("last"):
        x = unit(x, scaled(LAST, width, divisor=divisor), 1, act="silu")
    return classifier(x, classes, dropout=dropout).graph("efficientnet_b0")
