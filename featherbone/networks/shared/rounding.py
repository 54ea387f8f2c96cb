"""Width multipliers: how many channels a layer keeps.

With a symbolic width nothing is rounded, so a closed form holds wherever the channels come out whole by themselves, and
wherever a paper treats widths above 1 in another way, it holds up to 1.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeAlias

from featherbone.errors import FeatherboneError
from featherbone.graph import Dim
from featherbone.graph.dimension import is_symbolic

Width: TypeAlias = "float | Dim"

WIDEST = 100  # no paper goes beyond 10; more is a typo


def make_divisible(value: float, divisor: int = 8, minimum: int | None = None) -> int:
    """The nearest multiple of ``divisor``, but never less than nine tenths of ``value``.

    >>> make_divisible(33.6), make_divisible(11), make_divisible(3)
    (32, 16, 8)

    ``minimum`` is the divisor unless given. Source: the code of MobileNetV2 (arXiv:1801.04381), ``_make_divisible``.
    """
    if type(divisor) is not int or divisor < 1:
        raise FeatherboneError(f"divisor is {divisor!r}; it must be a whole number of at least 1")
    rounded = max(minimum or divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def scaled(channels: int, width: Width, *, own: float = 1.0, divisor: int = 8, minimum: int | None = None) -> Dim:
    """``channels`` × ``width``, rounded by ``make_divisible``; exact with a symbol.

    >>> scaled(24, 1.4), scaled(24, 1.0)
    (32, 24)

    ``own`` is a factor that the network's own table has.

    Raises:
        FeatherboneError: the width is not a positive number.
    """
    if is_symbolic(width):
        exact: Any = channels * width * Fraction(str(own))
        return exact
    check_width(width)
    return make_divisible(channels * own * width, divisor, minimum)


def share(channels: Dim, part: int, whole: int, *, divisor: int = 1) -> Dim:
    """``channels`` × ``part`` / ``whole``, rounded by ``make_divisible``; exact with a symbol.

    >>> share(72, 1, 4, divisor=8), share(64, 184, 80, divisor=8)
    (24, 144)
    """
    exact: Any = channels * part / whole
    return exact if is_symbolic(exact) else make_divisible(exact, divisor)


def check_width(width: Width) -> None:
    """Raise unless ``width`` is a positive number of sane size, or a symbol."""
    if is_symbolic(width):
        return
    number = isinstance(width, (int, float)) and not isinstance(width, bool)
    if not number or not 0 < width <= WIDEST:
        raise FeatherboneError(
            f"width is {width!r}; it must be above 0 and at most {WIDEST}", hint="1.0 is the paper's network"
        )
