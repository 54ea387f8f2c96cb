"""MobileNetV4's block: an inverted residual with a depthwise step before, inside, at both places or at neither."""

from __future__ import annotations

from featherbone.blocks.unit import unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Wire


def universal_bottleneck(
    x: Wire,
    out: Dim,
    *,
    expand: Dim = 4,
    start: Dim | None = 3,
    kernel: Dim | None = 3,
    stride: int = 1,
    shortcut: bool = True,
    act: str = "relu",
) -> Wire:
    """Filter where the map is narrow, widen, filter where it is wide, project; each filter may be left out.

    >>> from featherbone.graph import image
    >>> universal_bottleneck(image(64, 28), 96, start=5, kernel=5, stride=2).shape
    (96, 14, 14)

    ``start`` is the side S of the depthwise kernel before the expansion, ``kernel`` the side K of the one after it;
    ``None`` leaves it out. The paper's names: both are an extra depthwise block, K alone an inverted bottleneck, S
    alone a ConvNext-like block, neither a feed-forward network. The stride is that of the last of them.

    Cost per output position: S²M + tM² + K²tM + tMN.
    Source: MobileNetV4, arXiv:2404.10518, the universal inverted bottleneck (UIB).
    """
    if stride != 1 and start is None and kernel is None:
        raise FeatherboneError(
            f"a universal bottleneck without a kernel has no place for a stride of {stride}",
            hint="give start or kernel, such as kernel=3",
        )
    y = x
    if start is not None:
        y = y.depthwise(start, stride=1 if kernel is not None else stride, name="start").norm()
    y = unit(y, expand * x.channels, 1, act=act, name="expand")
    if kernel is not None:
        y = y.depthwise(kernel, stride=stride).norm().act(act)
    y = unit(y, out, 1, act=None, name="project")
    return x + y if shortcut and stride == 1 and x.channels == out else y
