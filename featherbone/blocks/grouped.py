"""The grouped convolution: channels in G groups that do not see each other."""

from __future__ import annotations

from featherbone.blocks.unit import unit
from featherbone.graph import Dim, Wire


def grouped(
    x: Wire, out: Dim, *, groups: Dim = 2, kernel: Dim = 3, stride: int = 1, act: str | None = "relu", norm: bool = True
) -> Wire:
    """G small convolutions side by side, each on its own share of the channels.

    >>> from featherbone.graph import image
    >>> grouped(image(16, 32), 32, groups=4).shape
    (32, 32, 32)

    Cost per output position: K²MN/G. Source: Krizhevsky et al. 2012 (AlexNet), section 3.2.
    """
    return unit(x, out, kernel, stride=stride, groups=groups, act=act, norm=norm)
