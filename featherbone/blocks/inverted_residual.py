"""MobileNetV2's block: wide inside, narrow outside, linear where it is narrow."""

from __future__ import annotations

from collections.abc import Callable

from featherbone.blocks.unit import unit
from featherbone.graph import Dim, Wire
from featherbone.graph.padding import PaddingLike


def inverted_residual(
    x: Wire,
    out: Dim,
    *,
    expand: Dim = 6,
    wide: Dim | None = None,
    kernel: Dim = 3,
    stride: int = 1,
    padding: PaddingLike = "same",
    shortcut: bool = True,
    act: str = "relu6",
    epsilon: float = 1e-5,
    attend: Callable[[Wire], Wire] | None = None,
) -> Wire:
    """Widen, filter each channel, project without an activation; the shortcut joins the narrow ends.

    >>> from featherbone.graph import image
    >>> inverted_residual(image(24, 56), 24).shape
    (24, 56, 56)

    ``wide`` gives the width inside itself, where a network rounds it; else it is ``expand`` times the input's. Where it
    is the input's own there is nothing to widen, and no first convolution.
    ``attend`` (squeeze-and-excitation) runs on the wide map after the depthwise step, as MnasNet and MobileNetV3 do.

    Cost per output position: tM² + K²tM + tMN. Source: MobileNetV2, arXiv:1801.04381, section 3.3 and table 1.
    """
    inside = expand * x.channels if wide is None else wide
    y = x
    if inside != x.channels:
        y = unit(y, inside, 1, act=act, epsilon=epsilon, name="expand")
    y = y.depthwise(kernel, stride=stride, padding=padding).norm(epsilon=epsilon).act(act)
    y = attend(y) if attend else y
    y = unit(y, out, 1, act=None, epsilon=epsilon, name="project")
    return x + y if shortcut and stride == 1 and x.channels == out else y
