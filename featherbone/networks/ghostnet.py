"""GhostNet: More Features from Cheap Operations (arXiv:1911.11907), table 1."""

from __future__ import annotations

from functools import partial

from featherbone.blocks import ghost_bottleneck, squeeze_excitation, unit
from featherbone.graph import Dim, Graph, scope
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, scaled, share

STEM = 16
STAGES = (  # channels, kernel, stride of the first; of each block the width inside, and whether it is excited
    (16, 3, 1, ((16, False),)),
    (24, 3, 2, ((48, False), (72, False))),
    (40, 5, 2, ((72, True), (120, True))),
    (80, 3, 2, ((240, False), (200, False), (184, False), (184, False))),
    (112, 3, 1, ((480, True), (672, True))),
    (160, 5, 2, ((672, True), (960, False), (960, True), (960, False), (960, True))),
)
LAST, HIDDEN = 960, 1280


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
    with scope("stem"):
        x = unit(x, scaled(STEM, width, divisor=divisor), 3, stride=1 if small else 2)
    for stage, (channels, kernel, stride, blocks) in enumerate(STAGES, start=1):
        out = scaled(channels, width, divisor=divisor)
        first = 1 if small and stage == 2 else stride
        for number, (inside, excited) in enumerate(blocks, start=1):
            wide = scaled(inside, width, divisor=divisor)
            narrow = share(wide, 1, 4, divisor=divisor)
            attend = partial(squeeze_excitation, narrow=narrow, gate="hard_sigmoid") if excited else None
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = ghost_bottleneck(
                    x, out, wide=wide, kernel=kernel, stride=first if number == 1 else 1, attend=attend
                )
    with scope("last"):
        x = unit(x, scaled(LAST, width, divisor=divisor), 1)
    return classifier(x, classes, hidden=HIDDEN, dropout=dropout).graph("ghostnet")
