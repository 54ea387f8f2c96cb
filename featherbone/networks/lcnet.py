"""PP-LCNet: A Lightweight CPU Convolutional Neural Network (arXiv:2109.15099), table 1."""

from __future__ import annotations

from functools import partial

from featherbone.blocks import depthwise_separable, squeeze_excitation, unit
from featherbone.graph import Dim, Graph, scope
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, scaled, share

STEM = 16
STAGES = (  # channels, stride of the first, the kernel of each block, excited
    (32, 1, (3,), False),
    (64, 2, (3, 3), False),
    (128, 2, (3, 3), False),
    (256, 2, (3, 5, 5, 5, 5, 5), False),
    (512, 2, (5, 5), True),
)
HIDDEN = 1280
ACT = "hard_swish"


def lcnet(
    *,
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    divisor: int = 8,
    dropout: float = 0.2,
) -> Graph:
    """MobileNetV1's plan with hard-swish, 5×5 kernels in its second half, and excitation at its end.

    >>> lcnet(width=0.5).output_shape
    (1000,)

    Channels are rounded to multiples of ``divisor``; the hidden layer keeps its 1280 channels, and has a bias as timm's
    has: the authors' has none, so theirs counts 1,280 parameters fewer.
    The small-image form starts with strides 1, 1 in place of 2, 2; its usual resolution is 32 instead of 224.
    """
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    with scope("stem"):
        x = unit(x, scaled(STEM, width, divisor=divisor), 3, stride=1 if small else 2, act=ACT)
    for stage, (channels, stride, kernels, excited) in enumerate(STAGES, start=1):
        out = scaled(channels, width, divisor=divisor)
        first = 1 if small and stage == 2 else stride
        for number, kernel in enumerate(kernels, start=1):
            attend = partial(squeeze_excitation, narrow=share(x.channels, 1, 4), gate="hard_sigmoid")
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = depthwise_separable(
                    x,
                    out,
                    kernel=kernel,
                    stride=first if number == 1 else 1,
                    act=ACT,
                    between=attend if excited else None,
                )
    return classifier(x, classes, hidden=HIDDEN, act=ACT, dropout=dropout).graph("lcnet")
