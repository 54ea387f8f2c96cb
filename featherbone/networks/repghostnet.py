"""RepGhost: A Hardware-Efficient Ghost Module via Re-parameterization (arXiv:2211.06088), table 1."""

from __future__ import annotations

from functools import partial

from featherbone.blocks import rep_ghost
from featherbone.graph import Dim, Graph
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.ghost import HIDDEN, ghost_stages
from featherbone.networks.shared.rounding import Width

STAGES = (  # channels, kernel, stride of the first; of each block the width inside, and whether it is excited
    (16, 3, 1, ((8, False),)),
    (24, 3, 2, ((24, False), (36, False))),
    (40, 5, 2, ((36, True), (60, True))),
    (80, 3, 2, ((120, False), (100, False), (120, False), (120, False))),
    (112, 3, 1, ((240, True), (336, True))),
    (160, 5, 2, ((336, True), (480, False), (480, True), (480, False), (480, True))),
)


def repghostnet(
    *,
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
    divisor: int = 4,
    dropout: float = 0.2,
    merged: bool = False,
) -> Graph:
    """GhostNet's bottlenecks, half as wide inside, whose ghosts are added and merge into one convolution.

    >>> repghostnet(width=0.5, merged=True).output_shape
    (1000,)

    It is trained with a norm beside each cheap operation; ``merged`` is the form for inference, which the paper counts,
    and which ``featherbone.rewrite.reparameterize`` makes of a trained one.
    Channels, also those inside the blocks and inside squeeze-and-excitation (a quarter), are rounded to multiples of
    ``divisor``; the hidden layer keeps its 1280 channels.
    The small-image form starts with strides 1, 1 in place of 2, 2; its usual resolution is 32 instead of 224.
    """
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    x = ghost_stages(x, STAGES, width=width, divisor=divisor, small=small, module=partial(rep_ghost, merged=merged))
    return classifier(x, classes, hidden=HIDDEN, dropout=dropout).graph("repghostnet")
