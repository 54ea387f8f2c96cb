"""Xception's separable convolution: a pointwise and a depthwise convolution, with nothing between them."""

from __future__ import annotations

from featherbone.graph import Dim, Wire


def separable(
    x: Wire,
    out: Dim,
    *,
    kernel: Dim = 3,
    stride: int = 1,
    pointwise_first: bool = True,
    act: str | None = None,
    epsilon: float = 1e-5,
) -> Wire:
    """A pointwise and a depthwise convolution without a norm or an activation in the middle.

    >>> from featherbone.graph import image
    >>> separable(image(128, 147), 256).shape
    (256, 147, 147)

    The paper's text puts the pointwise step first ("extreme Inception"); its network, and every library since, puts it
    last (``pointwise_first=False``).

    Cost per output position: MN + K²N; pointwise last K²M + MN.
    Source: Xception, arXiv:1610.02357, figure 4 and section 2.
    """
    if pointwise_first:
        y = x.pointwise(out).depthwise(kernel, stride=stride)
    else:
        y = x.depthwise(kernel, stride=stride).pointwise(out)
    y = y.norm(epsilon=epsilon)
    return y.act(act) if act else y
