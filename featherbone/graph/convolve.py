"""Convolutions and windows as people write them, made exact: one value or one a side, padding in words."""

from __future__ import annotations

from typing import NamedTuple

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, Shape, dimension
from featherbone.graph.operators import Conv, ConvTranspose
from featherbone.graph.operators.window import Padding, Sides
from featherbone.graph.padding import PaddingLike, SidesLike, padding_of, sides_of


class WindowLike(NamedTuple):
    """A window as a person writes it."""

    kernel: SidesLike
    stride: SidesLike = 1
    padding: PaddingLike = "same"
    dilation: SidesLike = 1


def convolution(where: str, shape: Shape, out: Dim, given: WindowLike, *, groups: Dim = 1, bias: bool = False) -> Conv:
    """The convolution of a map of this shape; ``where`` begins the errors.

    >>> convolution("stem", (3, 224, 224), 8, WindowLike(kernel=3, stride=2)).kernel
    (3, 3)
    """
    rank = _rank(where, shape)
    kernel, stride, dilation = _sides(where, given, rank)
    return Conv(
        out_channels=size_of(where, out),
        kernel=kernel,
        stride=stride,
        padding=padding_of(where, given.padding, shape[1:], kernel, stride, dilation),
        dilation=dilation,
        groups=size_of(where, groups),
        bias=bias,
    )


def transposed(
    where: str,
    shape: Shape,
    out: Dim,
    given: WindowLike,
    *,
    cropped: SidesLike,
    output_padding: SidesLike,
    groups: Dim = 1,
    bias: bool = False,
) -> ConvTranspose:
    """The transposed convolution of a map of this shape; what it writes is ``cropped`` at each edge, not padded."""
    rank = _rank(where, shape)
    kernel, stride, dilation = _sides(where, given, rank)
    return ConvTranspose(
        out_channels=size_of(where, out),
        kernel=kernel,
        stride=stride,
        padding=sides_of(where, "padding", cropped, rank),
        output_padding=sides_of(where, "output_padding", output_padding, rank),
        dilation=dilation,
        groups=size_of(where, groups),
        bias=bias,
    )


def window(
    where: str, shape: Shape, kernel: SidesLike, stride: SidesLike | None, padding: PaddingLike
) -> tuple[Sides, Sides, Padding]:
    """Kernel, stride (the kernel unless given) and padding of a pooling window."""
    rank = len(shape) - 1
    sides = sides_of(where, "kernel", kernel, rank)
    strides = sides if stride is None else sides_of(where, "stride", stride, rank)
    return sides, strides, padding_of(where, padding, shape[1:], sides, strides, (1,) * rank)


def size_of(where: str, value: object) -> Dim:
    """A size that a person gave; FeatherboneError where it is neither a whole number nor a symbol."""
    try:
        return dimension(value)
    except TypeError as error:
        raise FeatherboneError(f"{where}: {error}") from None


def _sides(where: str, given: WindowLike, rank: int) -> tuple[Sides, Sides, Sides]:
    """Kernel, stride and dilation, one value a side."""
    return (
        sides_of(where, "kernel", given.kernel, rank),
        sides_of(where, "stride", given.stride, rank),
        sides_of(where, "dilation", given.dilation, rank),
    )


def _rank(where: str, shape: Shape) -> int:
    if len(shape) < 2:
        raise FeatherboneError(
            f"{where}: conv needs a feature map; its input has shape {shape}",
            hint="flatten comes after the last convolution",
        )
    return len(shape) - 1
