"""ShuffleNet: An Extremely Efficient CNN for Mobile Devices (arXiv:1707.01083), table 1."""

from __future__ import annotations

from featherbone.blocks import shuffle_unit, unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Graph, scope
from featherbone.graph.dimension import is_symbolic
from featherbone.networks.shared.ends import classifier, network_input
from featherbone.networks.shared.rounding import Width, check_width, scaled

STEM = 24
STAGE2 = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}  # channels by groups; each later stage doubles them
BLOCKS = {2: 4, 3: 8, 4: 4}  # by stage


def shufflenet_v1(
    *,
    groups: int = 3,
    width: Width = 1.0,
    resolution: Dim | None = None,
    classes: int = 1000,
    image_channels: int = 3,
    small: bool = False,
) -> Graph:
    """Sixteen shuffle units of 1, 2, 3, 4 or 8 groups; wider with more groups, at about the same multiply-adds.

    >>> shufflenet_v1(groups=8, width=0.5).output_shape
    (1000,)

    The first pointwise layer of stage 2 is not grouped (section 3.3). Channels are rounded to multiples of
    4 × ``groups``, so that the groups divide the narrow middle. The small-image form has a stem without stride and
    pooling; its usual resolution is 32 instead of 224.

    The paper does not say how the first convolution scales. Its 292 M at 1.5× hold with 24 channels there, its 524 M at
    2× only with 48, and its 38 M at 0.5× with 12: so it scales below 1, and by whole multiples above. A symbolic width
    is taken as at most 1.
    """
    if groups not in STAGE2:
        raise FeatherboneError(f"groups is {groups!r}; it must be one of {', '.join(map(str, STAGE2))}")
    check_width(width)
    x = network_input(image_channels, resolution, usual=224, smallest=32, small=small)
    with scope("stem"):
        stem = width if is_symbolic(width) or width < 1 else int(width)
        x = unit(x, scaled(STEM, stem, divisor=groups), 3, stride=1 if small else 2)
        if not small:
            x = x.max_pool(3, stride=2, padding=1)
    out = scaled(STAGE2[groups], width, divisor=4 * groups)
    for stage, blocks in BLOCKS.items():
        for number in range(1, blocks + 1):
            first_groups = 1 if (stage, number) == (2, 1) else groups
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = shuffle_unit(x, out, groups=groups, first_groups=first_groups, stride=2 if number == 1 else 1)
        out = 2 * out
    return classifier(x, classes).graph("shufflenet_v1")
