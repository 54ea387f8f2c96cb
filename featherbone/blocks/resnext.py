"""ResNeXt's block: a bottleneck whose K×K convolution is grouped, and therefore may be wider."""

from __future__ import annotations

from collections.abc import Callable

from featherbone.blocks.bottleneck import bottleneck
from featherbone.graph import Dim, Wire


def resnext(
    x: Wire,
    out: Dim,
    *,
    groups: Dim = 32,
    reduction: Dim = 2,
    kernel: Dim = 3,
    stride: int = 1,
    shortcut: str = "auto",
    attend: Callable[[Wire], Wire] | None = None,
) -> Wire:
    """G paths of one shape, summed: the same as a grouped convolution between two pointwise ones.

    >>> from featherbone.graph import image
    >>> resnext(image(64, 56), 256).shape
    (256, 56, 56)

    ``groups`` is the paper's cardinality C; with ``reduction=2`` and 32 groups each path is 4 wide at 256 channels.

    Cost per output position: MN/t + K²N²/(Gt²) + N²/t. Source: ResNeXt, arXiv:1611.05431, figure 3c.
    """
    return bottleneck(
        x,
        out,
        reduction=reduction,
        kernel=kernel,
        stride=stride,
        groups=groups,
        shortcut=shortcut,
        attend=attend,
    )
