"""What the coder looks up: logarithms of odds, the way back, and in which bin a number lies; all whole numbers.

The logarithms are those of ``decimal``, which rounds alike on every machine, as the mathematics libraries do not.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cache

import numpy as np
import numpy.typing as npt

ONE = 1 << 16  # a probability of one
UNIT = 256  # of a logarithm of odds
STEPS = 4096  # entries of both tables
EDGE = STEPS // 2 - 1  # the largest logarithm of odds, in units

_CONTEXT = Context(prec=30, rounding=ROUND_HALF_EVEN)

Integers = npt.NDArray[np.int64]


@cache
def stretch_table() -> npt.NDArray[np.int32]:
    """``UNIT`` · ln(p / (1 - p)) for a probability p, looked up at its first twelve bits.

    >>> [int(stretch_table()[place]) for place in (0, 2047, 2048, 4095)]
    [-2307, 0, 0, 2307]
    """
    odds = (_CONTEXT.divide(Decimal(2 * place + 1), Decimal(2 * STEPS - 2 * place - 1)) for place in range(STEPS))
    return np.array([_rounded(UNIT * _CONTEXT.ln(each)) for each in odds], np.int32)


@cache
def squash_table() -> npt.NDArray[np.int32]:
    """The probability, of ``ONE``, whose logarithm of odds is place - 2048 units.

    >>> [int(squash_table()[place]) for place in (1, 2048, 2304, 4095)]
    [22, 32768, 47911, 65514]
    """
    powers = (_CONTEXT.exp(_CONTEXT.divide(Decimal(STEPS // 2 - place), Decimal(UNIT))) for place in range(STEPS))
    return np.array([_rounded(_CONTEXT.divide(Decimal(ONE), 1 + each)) for each in powers], np.int32)


@cache
def bin_table() -> npt.NDArray[np.uint8]:
    """Two bins an octave: 0 for 0, then one for each number of bits and the bit below the first.

    >>> bin_table()[:9].tolist()
    [0, 1, 3, 4, 5, 5, 6, 6, 7]
    """
    found = [0]
    for number in range(1, ONE):
        below = number.bit_length() - 1
        found.append(1 + 2 * below + (number >> (below - 1) & 1 if below else 0))
    return np.array(found, np.uint8)


def bins(numbers: Integers, most: int) -> Integers:
    """The bins of numbers that are not negative, ``most`` at most."""
    return np.minimum(bin_table()[np.minimum(numbers, ONE - 1)].astype(np.int64), most)


def squash(sums: Integers) -> Integers:
    """The probabilities of logarithms of odds."""
    return squash_table()[np.clip(sums, -EDGE, EDGE) + STEPS // 2].astype(np.int64)


def _rounded(number: Decimal) -> int:
    return int(number.to_integral_value(rounding=ROUND_HALF_EVEN))
