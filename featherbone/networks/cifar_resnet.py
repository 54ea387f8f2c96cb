"""Deep Residual Learning for Image Recognition (arXiv:1512.03385), section 4.2: the networks for CIFAR-10."""

from __future__ import annotations

from featherbone.blocks import basic, unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, scope
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, scaled

STEM = 16
STAGES = (16, 32, 64)  # channels; each stage has n blocks of two layers, so the depth is 6n + 2


def cifar_resnet(
    *,
    depth: int = 20,
    width: Width = 1.0,
    resolution: Dim = 32,
    classes: int = 10,
    image_channels: int = 3,
    shortcut: str = "pad",
) -> Graph:
    """Three stages of basic blocks, 20, 32, 44, 56, 110 … layers deep.

    >>> cifar_resnet(depth=56).output_shape
    (10,)

    ``shortcut`` is ``"pad"`` (the paper's option A, without parameters) or ``"auto"`` (option B, projections where the
    shape changes).

    Multiply-adds of convolutions and the classifier: 40.55 M for 20 layers and 125.49 M for 56, which is where the
    quoted 40.6 M and 125.5 M come from. The paper itself prints parameters only: 0.27 M and 0.85 M.
    """
    blocks, rest = divmod(depth - 2, 6)
    if rest or blocks < 1:
        raise FeatherboneError(f"depth is {depth}; it must be 6n + 2", hint="the paper has 20, 32, 44, 56 and 110")
    x = network_input(image_channels, resolution, usual=32, smallest=4)
    with scope("stem"):
        x = unit(x, scaled(STEM, width, divisor=1), 3)
    for stage, channels in enumerate(STAGES, start=1):
        for number in range(1, blocks + 1):
            stride = 2 if stage > 1 and number == 1 else 1
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = basic(x, scaled(channels, width, divisor=1), stride=stride, shortcut=shortcut)
    return classifier(x, classes).graph(f"cifar_resnet{depth}")
