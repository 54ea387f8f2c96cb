"""Stacked small kernels: two 3×3 see as far as one 5×5 and cost 18/25 of it."""

from __future__ import annotations

from featherbone.blocks.unit import unit
from featherbone.graph import Dim, Wire


def stacked(
    x: Wire, out: Dim, *, depth: int = 2, kernel: Dim = 3, stride: int = 1, act: str | None = "relu", norm: bool = True
) -> Wire:
    """``depth`` small convolutions in a row instead of one large kernel; the last one takes the stride.

    >>> from featherbone.graph import image
    >>> stacked(image(16, 32), 32).shape
    (32, 32, 32)

    Cost per output position: K²MN + (depth − 1)·K²N². Source: VGG, arXiv:1409.1556, section 2.3.
    """
    for layer in range(1, depth + 1):
        x = unit(x, out, kernel, stride=stride if layer == depth else 1, act=act, norm=norm, name=f"conv{layer}")
    return x
