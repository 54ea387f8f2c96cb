"""How the weights of a layer stand to each other: what the coder looks at around each."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

SIDES = 2**31 - 1


class LevelShape(NamedTuple):
    """Rows (channels written), inputs (channels read), taps of the kernel, and how many of these stand in a line.

    >>> LevelShape.of((64, 32, 3, 3))
    LevelShape(rows=64, inputs=32, taps=9, across=3)
    >>> LevelShape.of((10, 64)), LevelShape.of((64,))
    (LevelShape(rows=10, inputs=64, taps=1, across=1), LevelShape(rows=64, inputs=1, taps=1, across=1))
    """

    rows: int
    inputs: int
    taps: int
    across: int

    @classmethod
    def of(cls, shape: Sequence[int]) -> LevelShape:
        """The shape of a tensor of weights: channels written, channels read by each, sides of the kernel."""
        rows, inputs, *sides = (*shape, 1) if len(shape) == 1 else shape
        return cls(rows, inputs, prod(sides), sides[-1] if sides else 1)

    @property
    def size(self) -> int:
        """How many levels there are."""
        return self.rows * self.inputs * self.taps
