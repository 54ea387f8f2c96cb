"""Operators that rescale activations: batch norm and AlexNet's local response norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Shape
from featherbone.graph.operators.base import Operator, require_map
from featherbone.graph.operators.flow import Entangled, Flow, Through


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchNorm(Operator):
    """Normalise each channel by its statistics, then scale and shift it (arXiv:1502.03167, algorithm 1).

    >>> BatchNorm().parameters((32, 112, 112))
    {'weight': (32,), 'bias': (32,)}

    ``momentum`` is the weight of the new batch in the running statistics, as in torch.
    """

    kind: ClassVar[str] = "batch_norm"
    epsilon: float = 1e-5
    momentum: float = 0.1
    affine: bool = True

    def check(self) -> None:
        if not self.epsilon > 0:
            raise FeatherboneError(f"epsilon is {self.epsilon}; it must be positive")
        if not 0 <= self.momentum <= 1:
            raise FeatherboneError(f"momentum is {self.momentum}; it must lie in 0..1")

    def output(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def channels(self, *inputs: Shape) -> Flow:
        return Through()

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        channels = inputs[0][:1]
        return {"weight": channels, "bias": channels} if self.affine else {}

    def buffers(self, *inputs: Shape) -> dict[str, Shape]:
        channels = inputs[0][:1]
        return {"running_mean": channels, "running_var": channels}


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalResponseNorm(Operator):
    """Divide each value by the energy of its ``size`` neighbouring channels (AlexNet, section 3.3).

    As in torch, ``alpha`` is divided by ``size``: AlexNet's α = 1e-4 over n = 5 is ``alpha=5e-4`` here.
    """

    kind: ClassVar[str] = "local_response_norm"
    size: int = 5
    alpha: float = 5e-4
    beta: float = 0.75
    k: float = 2.0

    def check(self) -> None:
        if self.size < 1:
            raise FeatherboneError(f"size is {self.size}; it must be at least 1")

    def output(self, *inputs: Shape) -> Shape:
        require_map(self.kind, inputs[0])
        return inputs[0]

    def channels(self, *inputs: Shape) -> Flow:
        return Entangled(why="local response norm compares each channel with its neighbours")
