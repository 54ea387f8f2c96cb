"""What ResNet, ResNeXt and SENet share: the stem, and four stages of residual blocks (arXiv:1512.03385, table 1)."""

from __future__ import annotations

from collections.abc import Callable

from featherbone.blocks import unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Wire, scope
from featherbone.networks.shared.rounding import Width, scaled

STEM = 64
CHANNELS = (64, 128, 256, 512)  # conv2_x to conv5_x
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}  # by depth


def residual_stem(x: Wire, out: Dim, *, small: bool, ceil: bool = False) -> Wire:
    """A 7×7 convolution and a pooling, each with stride 2; for small images one 3×3 convolution without.

    ``ceil`` pools as Caffe does, without padding and up to a last window over the edge; else with one pixel all around.

    >>> from featherbone.graph import image
    >>> residual_stem(image(3, 224), 64, small=False).shape
    (64, 56, 56)
    """
    with scope("stem"):
        if small:
            return unit(x, out, 3)
        return unit(x, out, 7, stride=2).max_pool(3, stride=2, padding=0 if ceil else 1, ceil=ceil)


def residual_stages(
    x: Wire, block: Callable[..., Wire], *, blocks: tuple[int, ...], expansion: int, width: Width = 1.0
) -> Wire:
    """``blocks[i]`` blocks in stage i, the first of each stage but stage 1 with stride 2.

    Each stage writes ``expansion`` times its narrow channels.
    """
    for stage, (channels, repeats) in enumerate(zip(CHANNELS, blocks, strict=True), start=1):
        for number in range(1, repeats + 1):
            stride = 2 if stage > 1 and number == 1 else 1
            with scope(f"stage{stage}"), scope(f"block{number}"):
                x = block(x, expansion * scaled(channels, width), stride=stride)
    return x


def blocks_of(depth: int, *depths: int) -> tuple[int, ...]:
    """Blocks by stage for a depth, which must be one of ``depths``."""
    if depth not in depths:
        raise FeatherboneError(f"depth is {depth!r}; it must be one of {', '.join(map(str, depths))}")
    return BLOCKS[depth]
