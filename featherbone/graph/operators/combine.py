"""Operators that join several maps: add, multiply, concat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, Shape
from featherbone.graph.operators.base import Operator, shape_text
from featherbone.graph.operators.flow import Flow, Joined, Through


@dataclass(frozen=True, kw_only=True, slots=True)
class Add(Operator):
    """The sum of maps of one shape: a residual's shortcut and branch.

    >>> Add().output((64, 56, 56), (64, 56, 56))
    (64, 56, 56)
    """

    kind: ClassVar[str] = "add"
    arity: ClassVar[tuple[int, int | None]] = (2, None)

    def output(self, *inputs: Shape) -> Shape:
        for shape in inputs[1:]:
            if shape != inputs[0]:
                raise FeatherboneError(
                    f"add needs inputs of one shape; got {shape_text(inputs[0])} and {shape_text(shape)}",
                    hint="project the shortcut with a pointwise convolution, or leave it out",
                )
        return inputs[0]

    def channels(self, *inputs: Shape) -> Flow:
        return Through()


@dataclass(frozen=True, kw_only=True, slots=True)
class Multiply(Operator):
    """The product of two maps; sides of 1 are stretched, so ``(M, 1, 1)`` scales each channel."""

    kind: ClassVar[str] = "multiply"
    arity: ClassVar[tuple[int, int | None]] = (2, 2)

    def output(self, *inputs: Shape) -> Shape:
        left, right = inputs
        if len(left) != len(right) or any(a != b and a != 1 and b != 1 for a, b in zip(left, right, strict=False)):
            raise FeatherboneError(
                f"multiply cannot stretch {shape_text(right)} to {shape_text(left)}: each size must be equal or 1"
            )
        return tuple(b if a == 1 else a for a, b in zip(left, right, strict=True))

    def channels(self, *inputs: Shape) -> Flow:
        return Through()


@dataclass(frozen=True, kw_only=True, slots=True)
class Concat(Operator):
    """Maps stacked along the channels; their sides must agree."""

    kind: ClassVar[str] = "concat"
    arity: ClassVar[tuple[int, int | None]] = (1, None)

    def output(self, *inputs: Shape) -> Shape:
        for shape in inputs[1:]:
            if shape[1:] != inputs[0][1:]:
                raise FeatherboneError(
                    f"concat needs maps of one size; got {shape_text(inputs[0])} and {shape_text(shape)}",
                    hint="give the branches the same stride and padding",
                )
        channels: Any = 0
        for shape in inputs:
            channels = channels + shape[0]
        total: Dim = channels
        return (total, *inputs[0][1:])

    def channels(self, *inputs: Shape) -> Flow:
        return Joined()
