"""Convolution in one, two or three dimensions: grouped, dilated, with padding that may differ at each edge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, Shape, divide, require_positive
from featherbone.graph.operators.base import Kept, Operator, dim_text, require_map, sides_text
from featherbone.graph.operators.flow import Flow
from featherbone.graph.operators.grouped import filtered, groups_left
from featherbone.graph.operators.window import Padding, Sides, check_window, slide


@dataclass(frozen=True, kw_only=True, slots=True)
class Conv(Operator):
    """N kernels of K·K·M/G weights each, slid over a map of M channels.

    >>> Conv(out_channels=32, kernel=(3, 3), stride=(2, 2), padding=((1, 1), (1, 1))).output((3, 224, 224))
    (32, 112, 112)

    Shapes: ``(M, H, W)`` → ``(N, H', W')``; weights ``(N, M/G, K, K)`` as in ``torch.nn.Conv2d``.
    """

    kind: ClassVar[str] = "conv"
    out_channels: Dim
    kernel: Sides
    stride: Sides = (1, 1)
    padding: Padding = ((0, 0), (0, 0))
    dilation: Sides = (1, 1)
    groups: Dim = 1
    bias: bool = False

    def check(self) -> None:
        require_positive("out_channels", self.out_channels)
        require_positive("groups", self.groups)
        check_window(self.kernel, self.stride, self.padding, self.dilation)
        if divide(self.out_channels, self.groups) is None:
            raise FeatherboneError(
                f"{self.groups} groups do not divide the {self.out_channels} output channels",
                hint=f"groups must divide both; {_common(self.out_channels, self.groups)}",
            )

    def output(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if len(shape) != len(self.kernel) + 1:
            require_map(self.kind, shape, len(self.kernel))
        if divide(shape[0], self.groups) is None:
            raise FeatherboneError(
                f"{self.groups} groups do not divide the {shape[0]} input channels",
                hint=f"groups must divide both; {_common(shape[0], self.groups)}",
            )
        return (self.out_channels, *slide(self.kind, shape, self.kernel, self.stride, self.padding, self.dilation))

    def channels(self, *inputs: Shape) -> Flow:
        return filtered(inputs[0][0], self.out_channels, self.groups)

    def narrowed(self, read: tuple[Kept, ...], written: Kept, *inputs: Shape) -> Operator:
        groups = groups_left(written, self.out_channels, self.groups)
        return replace(self, out_channels=len(written), groups=groups)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        fan = divide(inputs[0][0], self.groups)
        assert fan is not None, "checked by output()"
        weights: dict[str, Shape] = {"weight": (self.out_channels, fan, *self.kernel)}
        if self.bias:
            weights["bias"] = (self.out_channels,)
        return weights

    def describe(self, *inputs: Shape) -> str:
        channels = inputs[0][0] if inputs else None
        words = "conv"
        if self.groups != 1:
            words = "depthwise" if self.groups == channels == self.out_channels else f"conv g={self.groups}"
        elif all(side == 1 for side in self.kernel):
            words = "pointwise"
        if words != "pointwise":
            words += " " + sides_text(self.kernel)
        if any(step != 1 for step in self.stride):
            same = len(set(self.stride)) == 1
            words += f" /{dim_text(self.stride[0]) if same else sides_text(self.stride)}"
        if any(step != 1 for step in self.dilation):
            words += f" dilated {sides_text(self.dilation)}"
        return words


def _common(channels: Dim, groups: Dim) -> str:
    if type(channels) is not int or type(groups) is not int:
        return "with symbols the division is taken as exact"
    fitting = [g for g in range(1, min(channels, 4096) + 1) if channels % g == 0]
    near = sorted(fitting, key=lambda g: abs(g - groups))[:3]
    return f"nearest that divide {channels}: " + ", ".join(map(str, sorted(near)))
