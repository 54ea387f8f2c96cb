"""Flatten and the fully connected layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, Shape, require_positive, volume
from featherbone.graph.operators.base import Kept, Operator, shape_text
from featherbone.graph.operators.flow import Flow, Mixed, Repeated


@dataclass(frozen=True, kw_only=True, slots=True)
class Flatten(Operator):
    """A map as one vector, channels outermost: ``(M, H, W)`` → ``(M·H·W,)``."""

    kind: ClassVar[str] = "flatten"

    def output(self, *inputs: Shape) -> Shape:
        return (volume(inputs[0]),)

    def channels(self, *inputs: Shape) -> Flow:
        return Repeated(times=volume(inputs[0][1:]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Linear(Operator):
    """Every output from every input: a convolution whose kernel is the whole map.

    >>> Linear(out_features=10).parameters((64,))
    {'weight': (10, 64), 'bias': (10,)}
    """

    kind: ClassVar[str] = "linear"
    out_features: Dim
    bias: bool = True

    def check(self) -> None:
        require_positive("out_features", self.out_features)

    def output(self, *inputs: Shape) -> Shape:
        if len(inputs[0]) != 1:
            raise FeatherboneError(
                f"linear needs a vector; its input has shape {shape_text(inputs[0])}", hint="flatten it first"
            )
        return (self.out_features,)

    def channels(self, *inputs: Shape) -> Flow:
        return Mixed()

    def narrowed(self, read: tuple[Kept, ...], written: Kept, *inputs: Shape) -> Operator:
        return replace(self, out_features=len(written))

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        weights: dict[str, Shape] = {"weight": (self.out_features, inputs[0][0])}
        if self.bias:
            weights["bias"] = (self.out_features,)
        return weights
