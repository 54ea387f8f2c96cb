"""What runs beside a residual branch: the input itself, a projection, or the input padded with zeros."""

from __future__ import annotations

from featherbone.blocks.unit import unit
from featherbone.errors import FeatherboneError
from featherbone.graph import Dim, Wire

KINDS = ("auto", "projection", "pad", "none")


def residual(
    x: Wire,
    branch: Wire,
    *,
    stride: int,
    shortcut: str = "auto",
    kernel: int = 1,
    projection_act: str | None = None,
) -> Wire:
    """``branch`` plus a shortcut from ``x``.

    >>> from featherbone.graph import image
    >>> x = image(16, 8)
    >>> residual(x, x.conv(32, 3, stride=2), stride=2, shortcut="pad").shape
    (32, 4, 4)

    ``shortcut`` is ``"auto"`` (the input where the shapes agree, else a projection: option B of ResNet),
    ``"projection"`` (always: option C), ``"pad"`` (subsample and pad with zero channels, no weights: option A) or
    ``"none"`` (the branch alone, as closed forms count it). A projection ends with ``projection_act``, if any.

    Source: ResNet, arXiv:1512.03385, sections 3.3 and 4.1.
    """
    if shortcut not in KINDS:
        raise FeatherboneError(f"shortcut is {shortcut!r}; it must be one of {', '.join(KINDS)}")
    if shortcut == "none":
        return branch
    out: Dim = branch.channels
    if shortcut != "projection" and stride == 1 and x.channels == out:
        return x + branch
    if shortcut == "pad":
        y = x.max_pool(1, stride=stride, name="subsample") if stride != 1 else x
        missing = out - x.channels
        return y.pad_channels(missing // 2, missing - missing // 2, name="shortcut") + branch
    return unit(x, out, kernel, stride=stride, act=projection_act, name="shortcut") + branch
