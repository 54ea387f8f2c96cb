"""A grid: the numbers that a map of integers can stand for, evenly spaced, zero among them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from featherbone.errors import FeatherboneError

WIDTHS = (8, 16)  # bits of a map's integers
SMALLEST = 2.0**-60  # of a step, whatever a map holds


@dataclass(frozen=True, kw_only=True)
class Grid:
    """An integer q of so many bits, with its sign, stands for step · (q - zero).

    >>> grid = Grid(step=0.5, zero=-128)
    >>> grid.low, grid.high, grid.least, grid.most
    (-128, 127, 0.0, 127.5)

    Raises:
        FeatherboneError: a step that is not positive and finite, a zero that is no integer of the grid, other bits.
    """

    step: float
    zero: int
    bits: int = 8

    def __post_init__(self) -> None:
        if self.bits not in WIDTHS:
            raise FeatherboneError(f"a map of {self.bits} bits is not possible; it has 8 or 16")
        if not (math.isfinite(self.step) and self.step > 0):
            raise FeatherboneError(f"the step of a map is {self.step}; it must be positive and finite")
        if not self.low <= self.zero <= self.high:
            raise FeatherboneError(f"the zero of a map is {self.zero}; it must lie in {self.low} to {self.high}")

    @property
    def low(self) -> int:
        """The least integer."""
        return -(1 << (self.bits - 1))

    @property
    def high(self) -> int:
        """The largest integer."""
        return (1 << (self.bits - 1)) - 1

    @property
    def least(self) -> float:
        """The least number that an integer stands for."""
        return self.step * (self.low - self.zero)

    @property
    def most(self) -> float:
        """The largest number that an integer stands for."""
        return self.step * (self.high - self.zero)


def grid_over(low: float, high: float, bits: int = 8) -> Grid:
    """The grid that reaches from ``low`` to ``high``, or a little further, as zero must be one of its numbers.

    >>> grid_over(0.0, 25.5)
    Grid(step=0.1, zero=-128, bits=8)

    Raises:
        FeatherboneError: bounds that are not finite.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        raise FeatherboneError(f"a map reaches from {low} to {high}; a grid needs finite bounds")
    low, high = min(low, 0.0), max(high, 0.0)
    reach = high - low or 1.0  # of what is nothing but zeros, any grid is good
    step = max(reach / (2**bits - 1), SMALLEST)
    least = -(2 ** (bits - 1))
    zero = least + min(round(-low / step), 2**bits - 1)
    return Grid(step=step, zero=zero, bits=bits)
