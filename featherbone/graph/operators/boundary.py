"""Where a graph meets what it does not compute: its inputs, and operators outside the vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, Shape, require_positive
from featherbone.graph.operators.base import Operator
from featherbone.graph.operators.flow import Entangled, Flow, Given


@dataclass(frozen=True, kw_only=True, slots=True)
class Input(Operator):
    """A feature map that is given: ``(channels, height, width)``, without the batch."""

    kind: ClassVar[str] = "input"
    arity: ClassVar[tuple[int, int | None]] = (0, 0)
    shape: Shape

    def check(self) -> None:
        for size in self.shape:
            require_positive("input size", size)

    def output(self, *inputs: Shape) -> Shape:
        return self.shape

    def channels(self, *inputs: Shape) -> Flow:
        return Given(why="it is an input of the network")


@dataclass(frozen=True, kw_only=True, slots=True)
class Opaque(Operator):
    """An operator that the vocabulary lacks, with a known shape: listed as not counted unless ``macs`` is set.

    >>> Opaque(label="fft", shape=(1, 28, 28)).output((1, 28, 28))
    (1, 28, 28)

    ``weights`` holds name and shape of its parameters.
    """

    kind: ClassVar[str] = "opaque"
    arity: ClassVar[tuple[int, int | None]] = (0, None)
    label: str
    shape: Shape
    weights: tuple[tuple[str, Shape], ...] = ()
    macs: Dim | None = None

    def check(self) -> None:
        if not self.label:
            raise FeatherboneError("an opaque operator needs a label that says what it is")
        for size in self.shape:
            require_positive("output size", size)

    def output(self, *inputs: Shape) -> Shape:
        return self.shape

    def channels(self, *inputs: Shape) -> Flow:
        return Entangled(why=f"{self.label} is outside the vocabulary")

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        return dict(self.weights)

    def describe(self, *inputs: Shape) -> str:
        return f"opaque {self.label}"
