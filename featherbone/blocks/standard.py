"""The standard convolution: every output channel looks at every input channel."""

from __future__ import annotations

from featherbone.blocks.unit import unit
from featherbone.graph import Dim, Wire


def standard(
    x: Wire, out: Dim, *, kernel: Dim = 3, stride: int = 1, act: str | None = "relu", norm: bool = True
) -> Wire:
    """One convolution that filters and mixes at once; what every other block is measured against.

    >>> from featherbone.graph import image
    >>> standard(image(16, 32), 32, stride=2).shape
    (32, 16, 16)

    Cost per output position: K²MN. Source: LeCun et al. 1998, Gradient-based learning, II-A.
    """
    return unit(x, out, kernel, stride=stride, act=act, norm=norm)
