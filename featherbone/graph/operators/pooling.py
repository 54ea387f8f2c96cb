"""Operators that shrink a map without weights: max, average and global pooling; and resize, which may grow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Shape, require_positive
from featherbone.graph.operators.base import Operator, dim_text, require_map, sides_text
from featherbone.graph.operators.flow import Flow, Through
from featherbone.graph.operators.window import Padding, Sides, check_window, slide


@dataclass(frozen=True, kw_only=True, slots=True)
class MaxPool(Operator):
    """The largest value of each window; padding never wins. Kernel 1 with stride 2 is plain subsampling.

    >>> MaxPool(kernel=(3, 3), stride=(2, 2)).output((64, 55, 55))
    (64, 27, 27)

    ``ceil`` keeps a last window that reaches over the edge, as Caffe and SqueezeNet do.
    """

    kind: ClassVar[str] = "max_pool"
    kernel: Sides
    stride: Sides
    padding: Padding = ((0, 0), (0, 0))
    ceil: bool = False

    def check(self) -> None:
        _check_pool(self.kernel, self.stride, self.padding)

    def output(self, *inputs: Shape) -> Shape:
        return _pool(self.kind, inputs[0], self.kernel, self.stride, self.padding, self.ceil)

    def channels(self, *inputs: Shape) -> Flow:
        return Through()

    def describe(self, *inputs: Shape) -> str:
        return f"max pool {sides_text(self.kernel)} /{dim_text(self.stride[0])}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AvgPool(Operator):
    """The mean of each window; ``count_padding`` says whether padded zeros count in the divisor."""

    kind: ClassVar[str] = "avg_pool"
    kernel: Sides
    stride: Sides
    padding: Padding = ((0, 0), (0, 0))
    ceil: bool = False
    count_padding: bool = True

    def check(self) -> None:
        _check_pool(self.kernel, self.stride, self.padding)

    def output(self, *inputs: Shape) -> Shape:
        return _pool(self.kind, inputs[0], self.kernel, self.stride, self.padding, self.ceil)

    def channels(self, *inputs: Shape) -> Flow:
        return Through()

    def describe(self, *inputs: Shape) -> str:
        return f"avg pool {sides_text(self.kernel)} /{dim_text(self.stride[0])}"


@dataclass(frozen=True, kw_only=True, slots=True)
class GlobalPool(Operator):
    """One value a channel: ``(M, H, W)`` → ``(M, 1, 1)``; ``reduce`` is ``"avg"`` or ``"max"``."""

    kind: ClassVar[str] = "global_pool"
    reduce: str = "avg"

    def check(self) -> None:
        if self.reduce not in ("avg", "max"):
            raise FeatherboneError(f"global pooling by {self.reduce!r}; it must be 'avg' or 'max'")

    def output(self, *inputs: Shape) -> Shape:
        require_map(self.kind, inputs[0])
        return (inputs[0][0], *(1 for _ in inputs[0][1:]))

    def channels(self, *inputs: Shape) -> Flow:
        return Through()

    def describe(self, *inputs: Shape) -> str:
        return f"global {self.reduce} pool"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resize(Operator):
    """The map at another size, by ``"nearest"`` or ``"bilinear"`` interpolation (corners not aligned)."""

    kind: ClassVar[str] = "resize"
    size: Sides
    mode: str = "nearest"

    def check(self) -> None:
        for side in self.size:
            require_positive("size", side)
        if self.mode not in ("nearest", "bilinear"):
            raise FeatherboneError(f"resize by {self.mode!r}; it must be 'nearest' or 'bilinear'")

    def output(self, *inputs: Shape) -> Shape:
        require_map(self.kind, inputs[0], len(self.size))
        return (inputs[0][0], *self.size)

    def channels(self, *inputs: Shape) -> Flow:
        return Through()

    def describe(self, *inputs: Shape) -> str:
        return f"resize {self.mode}"


def _check_pool(kernel: Sides, stride: Sides, padding: Padding) -> None:
    check_window(kernel, stride, padding, (1,) * len(kernel))
    for side, (before, after) in zip(kernel, padding, strict=True):
        if type(side) is int and any(type(edge) is int and 2 * edge > side for edge in (before, after)):
            raise FeatherboneError(f"pool padding {before} + {after} is more than half of its kernel {side}")


def _pool(kind: str, shape: Shape, kernel: Sides, stride: Sides, padding: Padding, ceil: bool) -> Shape:
    require_map(kind, shape, len(kernel))
    return (shape[0], *slide(kind, shape, kernel, stride, padding, (1,) * len(kernel), ceil=ceil))
