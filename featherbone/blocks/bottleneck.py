"""ResNet's bottleneck: do the K×K work on a quarter of the channels."""

from __future__ import annotations

from collections.abc import Callable

from featherbone.blocks.channels import reduced
from featherbone.blocks.shortcut import residual
from featherbone.blocks.unit import unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Wire


def bottleneck(
    x: Wire,
    out: Dim,
    *,
    reduction: Dim = 4,
    kernel: Dim = 3,
    stride: int = 1,
    groups: Dim = 1,
    widen: Dim = 1,
    stride_at: str = "kernel",
    shortcut: str = "auto",
    shortcut_kernel: int = 1,
    act: str = "relu",
    attend: Callable[[Wire], Wire] | None = None,
) -> Wire:
    """Narrow to N/t channels, filter there, widen again, add the input.

    >>> from featherbone.graph import image
    >>> bottleneck(image(64, 56), 256).shape
    (256, 56, 56)

    ``stride_at`` is ``"kernel"`` (the K×K convolution strides: what most libraries do, "v1.5") or ``"reduce"`` (the
    first 1×1 does: the paper). The K×K convolution writes ``widen`` times the narrow channels: 2 in SENet-154, 1
    elsewhere and in the cost. ``attend`` (squeeze-and-excitation) runs on the branch before the add.

    Cost per output position: MN/t + K²N²/(Gt²) + N²/t; the projection, where there is one, adds MN.
    Source: ResNet, arXiv:1512.03385, figure 5 right.
    """
    if stride_at not in ("kernel", "reduce"):
        raise FeatherboneError(f"stride_at is {stride_at!r}; it must be 'kernel' or 'reduce'")
    narrow = reduced(out, reduction, what="bottleneck reduction")
    first, second = (1, stride) if stride_at == "kernel" else (stride, 1)
    y = unit(x, narrow, 1, stride=first, act=act, name="reduce")
    y = unit(y, widen * narrow, kernel, stride=second, groups=groups, act=act, name="conv")
    y = unit(y, out, 1, act=None, name="expand")
    y = attend(y) if attend else y
    return residual(x, y, stride=stride, shortcut=shortcut, kernel=shortcut_kernel).act(act, name="act")
