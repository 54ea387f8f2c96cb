"""Kernel sides and padding as people write them, made exact: one value, one a side, or a word."""

from __future__ import annotations

from typing import Any, TypeAlias

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, dimension

SidesLike: TypeAlias = "Dim | tuple[Dim, ...]"
PaddingLike: TypeAlias = "str | Dim | tuple[Dim, ...] | tuple[tuple[Dim, Dim], ...]"

WORDS = ("same", "valid", "tf_same")


def sides_of(where: str, what: str, value: SidesLike, rank: int) -> tuple[Dim, ...]:
    """One value for each side.

    >>> sides_of("stem", "kernel", 3, 2)
    (3, 3)
    """
    values = value if isinstance(value, tuple) else (value,) * rank
    if len(values) != rank:
        raise FeatherboneError(f"{where}: {what} {value} speaks of {len(values)} sides; the map has {rank}")
    try:
        return tuple([side if type(side) is int else dimension(side) for side in values])
    except TypeError as error:
        raise FeatherboneError(f"{where}: {what} {error}") from None


def padding_of(
    where: str,
    padding: PaddingLike,
    sides: tuple[Dim, ...],
    kernel: tuple[Dim, ...],
    stride: tuple[Dim, ...],
    dilation: tuple[Dim, ...],
) -> tuple[tuple[Dim, Dim], ...]:
    """(before, after) for each side.

    >>> padding_of("stem", "same", (224, 224), (3, 3), (2, 2), (1, 1))
    ((1, 1), (1, 1))
    >>> padding_of("stem", "tf_same", (224, 224), (3, 3), (2, 2), (1, 1))
    ((0, 1), (0, 1))
    """
    if padding == "same":
        return tuple([_halves(d * (k - 1)) for k, d in zip(kernel, dilation, strict=True)])
    if padding == "valid":
        return ((0, 0),) * len(sides)
    if padding == "tf_same":
        return tuple(_tensorflow(where, *one_side) for one_side in zip(sides, kernel, stride, dilation, strict=True))
    if isinstance(padding, str):
        raise FeatherboneError(f"{where}: padding {padding!r} is unknown", hint="words: " + ", ".join(WORDS))
    edges: Any = padding if isinstance(padding, tuple) else (padding,) * len(sides)
    try:
        pairs = tuple(
            (dimension(edge[0]), dimension(edge[1])) if isinstance(edge, tuple) else (dimension(edge),) * 2
            for edge in edges
        )
    except (TypeError, IndexError) as error:
        raise FeatherboneError(f"{where}: padding {padding!r} is not understood: {error}") from None
    if len(pairs) != len(sides):
        raise FeatherboneError(f"{where}: padding {padding} speaks of {len(pairs)} sides; the map has {len(sides)}")
    return pairs


def _halves(total: Dim) -> tuple[Dim, Dim]:
    if type(total) is int:
        return total // 2, total - total // 2
    half: Any = total
    return half / 2, half / 2


def _tensorflow(where: str, size: Dim, kernel: Dim, stride: Dim, dilation: Dim) -> tuple[Dim, Dim]:
    if not all(type(value) is int for value in (size, kernel, stride, dilation)):
        raise FeatherboneError(
            f"{where}: padding 'tf_same' depends on the size of the map, which is symbolic here",
            hint="use padding='same' for closed forms",
        )
    windows = -(-size // stride)
    return _halves(max(0, (windows - 1) * stride + dilation * (kernel - 1) + 1 - size))
