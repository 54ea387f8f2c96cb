"""ResNet's basic block: two K×K convolutions and a shortcut around them."""

from __future__ import annotations

from collections.abc import Callable

from featherbone.blocks.shortcut import residual
from featherbone.blocks.unit import unit
from featherbone.graph import Dim, Wire


def basic(
    x: Wire,
    out: Dim,
    *,
    kernel: Dim = 3,
    stride: int = 1,
    shortcut: str = "auto",
    act: str = "relu",
    attend: Callable[[Wire], Wire] | None = None,
) -> Wire:
    """Learn the difference to the input, with two convolutions.

    >>> from featherbone.graph import image
    >>> basic(image(64, 56), 128, stride=2).shape
    (128, 28, 28)

    ``shortcut`` is described in ``residual``; ``attend`` (squeeze-and-excitation) runs on the branch before the add.

    Cost per output position: K²MN + K²N². Source: ResNet, arXiv:1512.03385, figure 5 left.
    """
    y = unit(x, out, kernel, stride=stride, act=act, name="conv1")
    y = unit(y, out, kernel, act=None, name="conv2")
    y = attend(y) if attend else y
    return residual(x, y, stride=stride, shortcut=shortcut).act(act, name="act")
