"""What GhostNet and RepGhostNet share: stem, stages of ghost bottlenecks, and a last pointwise convolution."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from featherbone.blocks import ghost, ghost_bottleneck, squeeze_excitation, unit
from featherbone.graph import Wire, scope
from featherbone.networks.shared.rounding import Width, scaled, share

STEM, LAST, HIDDEN = 16, 960, 1280

# channels, kernel, stride of the first block; of each block the width inside, and whether it is excited
GhostStage = tuple[int, int, int, tuple[tuple[int, bool], ...]]


def ghost_stages(
    x: Wire,
    stages: tuple[GhostStage, ...],
    *,
    width: Width,
    divisor: int,
    small: bool,
    module: Callable[..., Wire] = ghost,
) -> Wire:
    """Everything between the image and the classifier; ``module`` makes the ghosts of each bottleneck.

    >>> from featherbone.graph import image
    >>> ghost_stages(image(3, 32), ((16, 3, 1, ((16, False),)),), width=0.5, divisor=4, small=True).shape
    (480, 32, 32)

    All channels, also those inside the blocks and inside squeeze-and-excitation (a quarter), are rounded to multiples
    of ``divisor``. Small images keep their sides in the stem and in the second stage.
    """
    with scope("stem"):
        x = unit(x, scaled(STEM, width, divisor=divisor), 3, stride=1 if small else 2)
    for stage, (channels, kernel, stride, blocks) in enumerate(stages, start=1):
        out = scaled(channels, width, divisor=divisor)
        first = 1 if small and stage == 2 else stride
        for number, (inside, excited) in enumerate(blocks, start=1):
            wide = scaled(inside, width, divisor=divisor)
            attend = partial(squeeze_excitation, narrow=share(wide, 1, 4, divisor=divisor), gate="hard_sigmoid")
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = ghost_bottleneck(
                    x,
                    out,
                    wide=wide,
                    kernel=kernel,
                    stride=first if number == 1 else 1,
                    attend=attend if excited else None,
                    module=module,
                )
    with scope("last"):
        return unit(x, scaled(LAST, width, divisor=divisor), 1)
