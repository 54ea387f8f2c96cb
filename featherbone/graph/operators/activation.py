"""Element-wise functions without weights, and dropout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph.dimension import Shape
from featherbone.graph.operators.base import Operator
from featherbone.graph.operators.flow import Flow, Through

ACTIVATIONS = (
    "elu",
    "gelu",
    "hard_sigmoid",
    "hard_swish",
    "leaky_relu",
    "mish",
    "relu",
    "relu6",
    "sigmoid",
    "silu",
    "tanh",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Activation(Operator):
    """A non-linearity by name; ``ACTIVATIONS`` lists them.

    >>> Activation(function="relu6").output((32, 7, 7))
    (32, 7, 7)
    """

    kind: ClassVar[str] = "activation"
    function: str

    def check(self) -> None:
        if self.function not in ACTIVATIONS:
            raise FeatherboneError(
                f"unknown activation {self.function!r}", hint=did_you_mean(str(self.function), ACTIVATIONS)
            )

    def output(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def channels(self, *inputs: Shape) -> Flow:
        return Through()

    def describe(self, *inputs: Shape) -> str:
        return self.function.replace("_", "-")


@dataclass(frozen=True, kw_only=True, slots=True)
class Dropout(Operator):
    """Zero each value with this probability while training; nothing at inference (AlexNet, section 4.2)."""

    kind: ClassVar[str] = "dropout"
    probability: float = 0.5

    def check(self) -> None:
        if not 0 <= self.probability < 1:
            raise FeatherboneError(f"dropout probability is {self.probability}; it must lie in 0..1, 1 excluded")

    def output(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def channels(self, *inputs: Shape) -> Flow:
        return Through()
