"""MobileNet's depthwise separable convolution: filter each channel, then mix them."""

from __future__ import annotations

from collections.abc import Callable

from featherbone.blocks.unit import unit
from featherbone.graph import Dim, Wire


def depthwise_separable(
    x: Wire,
    out: Dim,
    *,
    kernel: Dim = 3,
    stride: int = 1,
    act: str = "relu",
    epsilon: float = 1e-5,
    between: Callable[[Wire], Wire] | None = None,
) -> Wire:
    """A K×K kernel for each channel, then a pointwise convolution, each with its own norm and activation.

    >>> from featherbone.graph import image
    >>> depthwise_separable(image(32, 112), 64).shape
    (64, 112, 112)

    ``between`` (squeeze-and-excitation) runs on the map that is filtered and not yet mixed, as in LCNet; ``excited``
    excites what the block writes.

    Cost per output position: K²M + MN. Source: MobileNets, arXiv:1704.04861, section 3.1 and figure 3.
    """
    y = x.depthwise(kernel, stride=stride).norm(epsilon=epsilon).act(act)
    y = between(y) if between else y
    return unit(y, out, 1, act=act, epsilon=epsilon, name="pointwise")
