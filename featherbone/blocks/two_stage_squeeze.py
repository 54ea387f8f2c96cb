"""SqueezeNext's block: squeeze twice, filter with K×1 and 1×K, then widen."""

from __future__ import annotations

from featherbone.blocks.asymmetric import asymmetric
from featherbone.blocks.channels import reduced
from featherbone.blocks.shortcut import residual
from featherbone.blocks.unit import unit
from featherbone.graph import Dim, Wire


def two_stage_squeeze(
    x: Wire,
    out: Dim,
    *,
    reduction: Dim = 2,
    kernel: Dim = 3,
    stride: int = 1,
    order: str = "column_first",
    shortcut: str = "auto",
    act: str = "relu",
) -> Wire:
    """Narrow to N/t and then to N/2t channels, filter along each side, widen, add the input.

    >>> from featherbone.graph import image
    >>> two_stage_squeeze(image(64, 56), 64).shape
    (64, 56, 56)

    ``order`` says which of the two kernels comes first, as in ``asymmetric``. Unlike a ResNet's, the branch and the
    projection each end with their activation.

    Cost per output position: MN/t + N²/2t² + KN²/2t² + KN²/t² + N²/t.
    Source: SqueezeNext, arXiv:1803.10615, section 2 and figure 1.
    """
    narrow = reduced(out, reduction, what="first squeeze")
    y = unit(x, narrow, 1, stride=stride, act=act, name="squeeze1")
    y = unit(y, reduced(narrow, 2, what="second squeeze"), 1, act=act, name="squeeze2")
    y = asymmetric(y, narrow, kernel=kernel, order=order, act=act)
    y = unit(y, out, 1, act=act, name="expand")
    return residual(x, y, stride=stride, shortcut=shortcut, projection_act=act).act(act, name="act")
