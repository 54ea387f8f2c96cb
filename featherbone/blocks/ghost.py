"""GhostNet's module: make a part of the maps, and their ghosts cheaply out of them."""

from __future__ import annotations

from featherbone.blocks.channels import reduced
from featherbone.blocks.unit import unit
from featherbone.graph import Dim, Wire, concat


def ghost(x: Wire, out: Dim, *, ratio: Dim = 2, kernel: Dim = 3, stride: int = 1, act: str | None = "relu") -> Wire:
    """One in t kernels mixes the channels; depthwise kernels make the other maps from its result, concatenated.

    >>> from featherbone.graph import image
    >>> ghost(image(16, 56), 32).shape
    (32, 56, 56)

    ``ratio`` is t, the paper's s: how many maps come from one. ``kernel`` is that of the cheap operation, the paper's
    d; ``stride`` is that of the mixing step.

    Cost per output position: MN/t + K²N(t − 1)/t. Source: GhostNet, arXiv:1911.11907, section 3.1.
    """
    made = unit(x, reduced(out, ratio, what="ghost's ratio"), 1, stride=stride, act=act, name="primary")
    cheap = unit(made, out - made.channels, kernel, groups=made.channels, act=act, name="cheap")
    return concat(made, cheap)
