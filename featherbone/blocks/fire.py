"""SqueezeNet's fire: narrow the input first, and let only a share of the kernels be large."""

from __future__ import annotations

from typing import Any

from featherbone.blocks.channels import reduced, share
from featherbone.blocks.unit import unit
from featherbone.graph import Dim, Wire, concat


def fire(
    x: Wire,
    out: Dim,
    *,
    squeeze: Any = 8,
    narrow: Dim | None = None,
    large: Any = 0.5,
    kernel: Dim = 3,
    act: str | None = "relu",
    norm: bool = False,
) -> Wire:
    """Squeeze to N/t channels, then expand with 1×1 kernels and a share p of K×K kernels, concatenated.

    >>> from featherbone.graph import image
    >>> fire(image(96, 55), 128).shape
    (128, 55, 55)

    ``squeeze`` is t, the inverse of the paper's squeeze ratio SR, where it is whole; ``narrow`` gives N/t itself.
    ``large`` is p, the paper's pct3x3.

    Cost per output position: MN/t + (N/t)(1 − p)N + K²(N/t)pN.
    Source: SqueezeNet, arXiv:1602.07360, sections 3.2 and 5.1.
    """
    middle = reduced(out, squeeze, what="fire's squeeze") if narrow is None else narrow
    many = share(out, large)
    y = unit(x, middle, 1, act=act, norm=norm, name="squeeze")
    branches = []
    if many != out:
        branches.append(unit(y, out - many, 1, act=act, norm=norm, name="expand1"))
    if many != 0:
        branches.append(unit(y, many, kernel, act=act, norm=norm, name="expand3"))
    return concat(*branches) if len(branches) > 1 else branches[0]
