"""RepGhost's module: the ghosts are added instead of concatenated, so that they merge into one convolution."""

from __future__ import annotations

from featherbone.blocks.branched import branched
from featherbone.blocks.unit import unit
from featherbone.graph import Dim, Wire


def rep_ghost(x: Wire, out: Dim, *, kernel: Dim = 3, act: str | None = "relu", merged: bool = False) -> Wire:
    """A pointwise convolution makes the maps; cheap depthwise kernels, and the maps themselves, are summed on top.

    >>> from featherbone.graph import image
    >>> rep_ghost(image(16, 56), 32).shape
    (32, 56, 56)

    ``kernel`` is that of the cheap operation. ``merged`` is the form for inference: the sum is one depthwise kernel
    with a bias.

    Cost per output position: MN + K²N. Source: RepGhost, arXiv:2211.06088, section 3.3 and figure 3.
    """
    made = unit(x, out, 1, act=act, name="primary")
    y = branched(made, out, kernel=kernel, groups=out, scale=False, merged=merged, name="cheap")
    return y.act(act, name="act") if act else y
