"""Convolutions and windows as people write them, made exact: one value or one a side, padding in words."""

from __future__ import annotations

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, Shape, dimension
from featherbone.graph.operators import Conv, ConvTranspose
from featherbone.graph.operators.window import Padding, Sides
from featherbone.graph.padding import PaddingLike, SidesLike, padding_of, sides_of


def convolution(
    where: str,
    shape: Shape,
    out: Dim,
    kernel: SidesLike,
    *,
    stride: SidesLike,
    padding: PaddingLike,
    dilation: SidesLike,
    groups: Dim,
    bias: bool,
) -> Conv:
    """The convolution of a map of this shape; ``where`` begins the errors.

    >>> convolution("stem", (3, 224, 224), 8, 3, stride=2, padding="same", dilation=1, groups=1, bias=False).kernel
    (3, 3)
    """
    rank = _rank(where, shape)
    sides = sides_of(where, "kernel", kernel, rank)
    strides = sides_of(where, "stride", stride, rank)
    dilations = sides_of(where, "dilation", dilation, rank)
    return Conv(
        out_channels=size_of(where, out),
        kernel=sides,
        stride=strides,
        padding=padding_of(where, padding, shape[1:], sides, strides, dilations),
        dilation=dilations,
        groups=size_of(where, groups),
        bias=bias,
    )


def transposed(
    where: str,
    shape: Shape,
    out: Dim,
    kernel: SidesLike,
    *,
    stride: SidesLike,
    padding: SidesLike,
    output_padding: SidesLike,
    groups: Dim,
    bias: bool,
) -> ConvTranspose:
    """The transposed convolution of a map of this shape."""
    rank = _rank(where, shape)
    return ConvTranspose(
        out_channels=size_of(where, out),
        kernel=sides_of(where, "kernel", kernel, rank),
        stride=sides_of(where, "stride", stride, rank),
        padding=sides_of(where, "padding", padding, rank),
        output_padding=sides_of(where, "output_padding", output_padding, rank),
        dilation=(1,) * rank,
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


def _rank(where: str, shape: Shape) -> int:
    if len(shape) < 2:
        raise FeatherboneError(
            f"{where}: conv needs a feature map; its input has shape {shape}",
            hint="flatten comes after the last convolution",
        )
    return len(shape) - 1
