"""Integers times a number that is none, in integers: a multiplier, a shift, and one rounding.

The number is written as multiplier · 2^-shift. The product is rounded once, to the nearest integer, and upwards where
two are as near: TensorFlow Lite's ``MultiplyByQuantizedMultiplier`` where it is built with ``TFLITE_SINGLE_ROUNDING``.
Sums of 8-bit maps fit into 32 bits and take a multiplier of 31; sums of 16-bit maps need 48 bits and take its upper 15,
so that the product fits into 64, as TensorFlow Lite has it for 16-bit maps: it is exact to 2^-16.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.quantize.grid import Grid

LARGEST_SHIFT = 62


class Rescaling(NamedTuple):
    """Factors as integers: ``multiplier`` · 2^-``shift``, of one number or of an array of them, both int64."""

    multiplier: np.ndarray
    shift: np.ndarray

    @property
    def factor(self) -> np.ndarray:
        """The number that they stand for."""
        return self.multiplier * 2.0 ** -self.shift.astype(np.float64)


def rescaling(factor: float | np.ndarray, *, wide: bool = False) -> Rescaling:
    """The integers that stand for positive factors; ``wide`` for sums of 16-bit maps.

    >>> [int(value) for value in rescaling(0.25)], [int(value) for value in rescaling(0.25, wide=True)]
    ([1073741824, 32], [16384, 16])

    Raises:
        FeatherboneError: a factor that is not positive and finite, or above 2^14.
    """
    factors = np.asarray(factor, dtype=np.float64)
    if not (np.isfinite(factors) & (factors > 0)).all() or factors.max() > 2.0**14:
        raise FeatherboneError(
            f"a map is rescaled by {factors.max()}; it must be positive and at most 16,384",
            hint="calibrate with other images: a grid is far too fine for what is written",
        )
    digits = 31
    part, exponent = np.frexp(factors)
    multiplier = np.floor(part * 2.0**digits + 0.5).astype(np.int64)
    exponent = exponent + (multiplier == 2**digits)
    multiplier = np.where(multiplier == 2**digits, 2 ** (digits - 1), multiplier)
    if wide:
        digits, multiplier = 15, np.minimum((multiplier + 2**15) >> 16, 2**15 - 1)
    shift = (digits - exponent).astype(np.int64)
    gone = shift > LARGEST_SHIFT  # too small for any sum to reach half a step
    return Rescaling(np.where(gone, 0, multiplier), np.where(gone, LARGEST_SHIFT, shift))


def rescaled(sums: np.ndarray, by: Rescaling) -> np.ndarray:
    """Sums times factors that broadcast with them, rounded; in int64.

    >>> rescaled(np.array([3, -3, 2]), rescaling(0.5)).tolist()
    [2, -1, 1]
    """
    products = sums.astype(np.int64) * by.multiplier
    found: np.ndarray = np.right_shift(products + np.left_shift(np.int64(1), by.shift - 1), by.shift)
    return found


def clipped(values: np.ndarray, grid: Grid) -> np.ndarray:
    """Integers relative to zero as those of the grid, in its type."""
    kind = np.int8 if grid.bits == 8 else np.int16
    found: np.ndarray = np.clip(values + grid.zero, grid.low, grid.high).astype(kind)
    return found


def centred(integers: np.ndarray, grid: Grid) -> np.ndarray:
    """The integers of a map relative to its zero, in int32."""
    found: np.ndarray = integers.astype(np.int32) - grid.zero
    return found


def onto(integers: np.ndarray, given: Grid, wanted: Grid) -> np.ndarray:
    """A map on another grid.

    >>> onto(np.array([4], dtype=np.int8), Grid(step=0.5, zero=0), Grid(step=1.0, zero=10)).tolist()
    [12]
    """
    if given == wanted:
        return integers
    factor = rescaling(given.step / wanted.step, wide=given.bits == 16)
    return clipped(rescaled(centred(integers, given), factor), wanted)


def to_integers(values: np.ndarray, grid: Grid) -> np.ndarray:
    """Numbers as the nearest integers of a grid, upwards where two are as near.

    >>> to_integers(np.array([0.26, -9.0, 0.25]), Grid(step=0.5, zero=0)).tolist()
    [1, -18, 1]
    """
    return clipped(np.floor(values.astype(np.float64) / grid.step + 0.5).astype(np.int64), grid)


def to_numbers(integers: np.ndarray, grid: Grid) -> np.ndarray:
    """The numbers that integers stand for, in float32."""
    return (centred(integers, grid) * np.float64(grid.step)).astype(np.float32)


def added(ratios: Sequence[float], bits: int) -> tuple[list[int], int]:
    """Multipliers of the terms of a sum, each times its ratio, and the shift that they share.

    >>> added([1.0, 0.5], bits=8)
    ([1048576, 524288], 20)

    The shift is as large as the width of the sum allows: 32 bits for maps of 8, and 64 for those of 16, whose
    multipliers have at most 30 bits.
    """
    _, exponent = math.frexp(max(ratios))
    room = 30 - bits - (len(ratios) - 1).bit_length() if bits == 8 else 30
    shift = max(1, min(30, room - exponent))
    return [math.floor(ratio * 2.0**shift + 0.5) for ratio in ratios], shift
