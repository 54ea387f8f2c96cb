"""Shares of a channel count, exact with symbols and checked with numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.graph import Dim
from featherbone.graph.dimension import divide, is_symbolic


def reduced(channels: Dim, ratio: Any, *, what: str) -> Dim:
    """``channels / ratio``, which must be whole: the narrow side of a bottleneck.

    >>> reduced(256, 4, what="bottleneck reduction")
    64

    Raises:
        FeatherboneError: where the ratio does not divide the channels.
    """
    if isinstance(ratio, int) or is_symbolic(ratio):
        narrow = divide(channels, ratio) if is_symbolic(ratio) or ratio > 0 else None
    else:
        narrow = None
    if narrow is None:
        raise FeatherboneError(
            f"{what} of {ratio} does not divide {channels} channels", hint="choose a whole number that divides them"
        )
    return narrow


def share(channels: Dim, part: Any) -> Dim:
    """``channels × part`` for a part between 0 and 1, rounded to the nearest whole channel.

    >>> share(128, 0.5)
    64
    """
    if is_symbolic(part) or is_symbolic(channels):
        exact: Any = channels * part
        return exact
    if not 0 <= part <= 1:
        raise FeatherboneError(f"a share of {part} of the channels; it must lie in 0..1")
    return int(Fraction(str(part)) * channels + Fraction(1, 2))
