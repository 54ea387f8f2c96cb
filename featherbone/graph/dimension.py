"""Sizes that may be unknown: an ``int``, or a sympy expression in positive integer symbols.

Integers take a fast path and never load sympy. With symbols, a quotient is taken as exact: the formula holds where the
division does, which is what the papers assume (``M/G``, ``I/2``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from featherbone.errors import FeatherboneError

if TYPE_CHECKING:
    import sympy

Dim: TypeAlias = "int | sympy.Expr"
Shape: TypeAlias = "tuple[Dim, ...]"

LARGEST = 2**31  # no side or channel count of a real network comes near; a larger one is a typo or an attack
LARGEST_VOLUME = 2**40  # elements of one tensor


def symbols(names: str) -> tuple[Any, ...]:
    """Positive integer symbols, the ones that shapes understand.

    >>> M, N = symbols("M N")
    >>> M + N
    M + N
    """
    import sympy

    return tuple(sympy.Symbol(name, positive=True, integer=True) for name in names.split())


def dimension(value: object) -> Dim:
    """``value`` as a size: a whole number, or a symbolic expression (a constant one becomes an ``int``).

    Raises:
        TypeError: for a float, a bool or anything else.
    """
    if type(value) is int:
        return value
    if isinstance(value, bool) or not hasattr(value, "free_symbols"):
        raise TypeError(f"{value!r} is not a whole number or a symbol")
    expression: Any = value
    if expression.is_Integer:
        return int(expression)
    if expression.is_number and not expression.is_integer:
        raise TypeError(f"{value!r} is not a whole number")
    return expression


def is_symbolic(value: object) -> bool:
    return type(value) is not int and hasattr(value, "free_symbols")


def divide(value: Dim, divisor: Dim) -> Dim | None:
    """``value / divisor`` if it is exact, else ``None``. With symbols it is taken as exact.

    >>> divide(12, 4), divide(12, 5)
    (3, None)
    """
    if type(value) is int and type(divisor) is int:
        quotient, rest = divmod(value, divisor)
        return None if rest else quotient
    exact: Any = value
    return _whole_if_possible(exact / divisor)


def _whole_if_possible(expression: Any) -> Dim:
    return int(expression) if expression.is_Integer else expression


def window_count(size: Dim, window: Dim, stride: Dim, *, ceil: bool = False) -> Dim:
    """How many windows fit along a padded side: ``floor((size - window) / stride) + 1``.

    With symbols, the part that holds a symbol is taken as divisible by the stride: ``(I - 1)/2`` counts as ``I/2 - 1``.

    >>> window_count(226, 3, 2)
    112
    >>> (I,) = symbols("I")
    >>> window_count(I + 2, 3, 2)
    I/2
    """
    if type(size) is int and type(window) is int and type(stride) is int:
        return (-((window - size) // stride) if ceil else (size - window) // stride) + 1
    import sympy

    span = sympy.sympify(size) - window
    constant, rest = sympy.expand(span).as_coeff_Add()
    rounded = sympy.ceiling(constant / stride) if ceil else sympy.floor(constant / stride)
    return _whole_if_possible(rest / stride + rounded + 1)


def require_positive(what: str, value: Dim) -> None:
    """Raise unless ``value`` could be a size: a whole number from 1 to ``LARGEST``, or not known to be negative."""
    if type(value) is int:
        if value < 1:
            raise FeatherboneError(f"{what} is {value}; it must be at least 1")
        if value > LARGEST:
            raise FeatherboneError(f"{what} is {value}; the largest size allowed is {LARGEST}")
    elif getattr(value, "is_positive", None) is False:
        raise FeatherboneError(f"{what} is {value}; it must be positive")


def volume(shape: Shape) -> Dim:
    """The number of elements of a shape.

    >>> volume((3, 4, 5))
    60
    """
    sizes: Any = shape  # symbols multiply as numbers do
    product: Dim = math.prod(sizes)
    return product
