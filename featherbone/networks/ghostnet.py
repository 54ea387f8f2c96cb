"""GhostNet: More Features from Cheap Operations (arXiv:1911.11907), table 1."""

from __future__ import annotations

from featherbone.graph import Dim, Graph
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.ghost import HIDDEN, ghost_stages
from featherbone.networks.shared.rounding import Width

STAGES = (  # channels, kernel, stride of the first; of each block the width inside, and whether it is excited
    (16, 3, 1, ((16, False),)),
    (24, 3, 2, ((48, False), (72, False))),
    (40, 5, 2, ((72, True), (120, True))),
    (80, 3, 2, ((240, False), (200, False), (184, False), (184, False))),
    (112, 3, 1, ((480, True), (672, True))),
    (160, 5, 2, ((672, True), (960, False), (960, True), (960, False), (960, True))),
)


def ghostnet(
    *,
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    divisor: int = 4,
    dropout: float = 0.2,
) -> Graph:
    """Sixteen bottlenecks of two ghost modules each, in the plan of MobileNetV3.

    >>> ghostnet(width=1.3).output_shape
    (1000,)

    Channels, also those inside the blocks and inside squeeze-and-excitation (a quarter), are rounded to multiples of
    ``divisor``, which must leave them even; the hidden layer keeps its 1280 channels.
    The small-image form starts with strides 1, 1 in place of 2, 2; its usual resolution is 32 instead of 224.
    """
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    x = ghost_stages(x, STAGES, width=width, divisor=divisor, small=small)
    return classifier(x, classes, hidden=HIDDEN, dropout=dropout).graph("ghostnet")
