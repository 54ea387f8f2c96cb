"""GhostNet's bottleneck: widen and narrow again, both by ghost modules."""

from __future__ import annotations

from collections.abc import Callable

from featherbone.blocks.ghost import ghost
from featherbone.blocks.unit import unit
from featherbone.graph import Dim, Wire, scope


def ghost_bottleneck(
    x: Wire,
    out: Dim,
    *,
    expand: Dim = 2,
    wide: Dim | None = None,
    kernel: Dim = 3,
    stride: int = 1,
    act: str = "relu",
    attend: Callable[[Wire], Wire] | None = None,
    module: Callable[..., Wire] = ghost,
) -> Wire:
    """An inverted residual of ghost modules, which filters in the middle only where it strides.

    >>> from featherbone.graph import image
    >>> ghost_bottleneck(image(16, 56), 24, stride=2).shape
    (24, 28, 28)

    ``wide`` gives the width inside itself, where a network rounds it; else it is ``expand`` times the input's. Where
    the shape changes, the shortcut is a depthwise separable convolution without activations. ``attend``
    (squeeze-and-excitation) runs on the wide map. ``module`` is the ghost module, or RepGhost's.

    Cost per output position, stride 1 and N = M: tM²/2 + 9tM/2 + tM²/2 + 9M/2.
    Source: GhostNet, arXiv:1911.11907, figure 3.
    """
    with scope("expand"):
        y = module(x, expand * x.channels if wide is None else wide, act=act)
    if stride != 1:
        y = y.depthwise(kernel, stride=stride).norm()
    y = attend(y) if attend else y
    with scope("project"):
        y = module(y, out, act=None)
    if stride == 1 and x.channels == out:
        return x + y
    with scope("shortcut"):
        x = x.depthwise(kernel, stride=stride).norm()
        x = unit(x, out, 1, act=None, name="pointwise")
    return x + y
