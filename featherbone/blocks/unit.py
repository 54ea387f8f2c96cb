"""The unit that every block repeats: a convolution, then a batch norm, then an activation."""

from __future__ import annotations

from featherbone.graph import Dim, Wire
from featherbone.graph.padding import PaddingLike, SidesLike


def unit(
    x: Wire,
    out: Dim,
    kernel: SidesLike,
    *,
    stride: SidesLike = 1,
    padding: PaddingLike = "same",
    groups: Dim = 1,
    act: str | None = "relu",
    norm: bool = True,
    epsilon: float = 1e-5,
    name: str = "conv",
) -> Wire:
    """Convolution, norm, activation.

    >>> from featherbone.graph import image
    >>> unit(image(3, 224), 64, 7, stride=2).shape
    (64, 112, 112)

    Without the norm the convolution has a bias, as before batch norm existed; ``act=None`` leaves the result linear.
    """
    y = x.conv(out, kernel, stride=stride, padding=padding, groups=groups, bias=not norm, name=name)
    if norm:
        y = y.norm(epsilon=epsilon)
    return y.act(act) if act else y
