"""MobileNetV2's block: wide inside, narrow outside, linear where it is narrow."""

from __future__ import annotations

from collections.abc import Callable

from featherbone.graph import Dim, Wire


def inverted_residual(
    x: Wire,
    out: Dim,
    *,
    expand: Dim = 6,
    kernel: Dim = 3,
    stride: int = 1,
    shortcut: bool = True,
    act: str = "relu6",
    attend: Callable[[Wire], Wire] | None = None,
) -> Wire:
    """Widen, filter each channel, project without an activation; the shortcut joins the narrow ends.

    >>> from featherbone.graph import image
    >>> inverted_residual(image(24, 56), 24).shape
    (24, 56, 56)

    ``attend`` (squeeze-and-excitation) runs on the wide map after the depthwise step, as MnasNet and MobileNetV3 do.

    Cost per output position: tM² + K²tM + tMN. Source: MobileNetV2, arXiv:1801.04381, section 3.3 and table 1.
    """
    y = x
    if expand != 1:
        y = y.pointwise(expand * x.channels, name="expand").norm().act(act)
    y = y.depthwise(kernel, stride=stride).norm().act(act)
    y = attend(y) if attend else y
    y = y.pointwise(out, name="project").norm()
    return x + y if shortcut and stride == 1 and x.channels == out else y
