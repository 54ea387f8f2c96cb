"""MobileOne's block: a depthwise separable convolution whose two halves are trained as branches."""

from __future__ import annotations

from collections.abc import Callable

from featherbone.blocks.branched import branched
from featherbone.graph import Dim, Wire, scope


def mobile_one(
    x: Wire,
    out: Dim,
    *,
    kernel: Dim = 3,
    stride: int = 1,
    copies: int = 1,
    merged: bool = False,
    act: str = "relu",
    attend: Callable[[Wire], Wire] | None = None,
) -> Wire:
    """Filter each channel, then mix them; each step is the sum of branches, merged after training.

    >>> from featherbone.graph import image
    >>> mobile_one(image(32, 112), 64, stride=2).shape
    (64, 56, 56)

    ``copies`` is the paper's k, how often each convolution is there; ``merged`` leaves one. ``attend``
    (squeeze-and-excitation) runs before each activation.

    Cost per output position, merged: K²M + MN. Source: MobileOne, arXiv:2206.04040, section 3.2 and figure 3.
    """
    with scope("depthwise"):
        y = branched(
            x, x.channels, kernel=kernel, stride=stride, groups=x.channels, copies=copies, merged=merged, name="conv"
        )
        y = (attend(y) if attend else y).act(act, name="act")
    with scope("pointwise"):
        y = branched(y, out, kernel=1, copies=copies, scale=False, merged=merged, name="conv")
        return (attend(y) if attend else y).act(act, name="act")
