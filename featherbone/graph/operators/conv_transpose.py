"""Transposed convolution in one, two or three dimensions: every element of the map stamps a kernel on a larger one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, Shape, divide, require_positive
from featherbone.graph.operators.base import Kept, Operator, dim_text, require_map, shape_text, sides_text
from featherbone.graph.operators.flow import Flow
from featherbone.graph.operators.grouped import filtered, groups_left
from featherbone.graph.operators.window import Sides, check_window


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvTranspose(Operator):
    """A convolution turned around (arXiv:1603.07285, chapter 4): it writes what a convolution would have read.

    >>> ConvTranspose(out_channels=16, kernel=(2, 2), stride=(2, 2)).output((32, 14, 14))
    (16, 28, 28)

    ``padding`` is cropped at both edges of what is written, ``output_padding`` grows its far edge, as in torch.

    Shapes: ``(M, H, W)`` → ``(N, H', W')`` with H' = stride·(H - 1) + dilation·(K - 1) + 1 - 2·padding +
    output_padding; weights ``(M, N/G, K, K)`` as in ``torch.nn.ConvTranspose2d``. It multiplies each element read with
    K·K·N/G weights.
    """

    kind: ClassVar[str] = "conv_transpose"
    out_channels: Dim
    kernel: Sides
    stride: Sides = (1, 1)
    padding: Sides = (0, 0)
    output_padding: Sides = (0, 0)
    dilation: Sides = (1, 1)
    groups: Dim = 1
    bias: bool = False

    def check(self) -> None:
        require_positive("out_channels", self.out_channels)
        require_positive("groups", self.groups)
        check_window(self.kernel, self.stride, tuple((edge, edge) for edge in self.padding), self.dilation)
        if len(self.output_padding) != len(self.kernel):
            raise FeatherboneError(f"output_padding {self.output_padding} must have one value a side")
        for extra, step, spread in zip(self.output_padding, self.stride, self.dilation, strict=True):
            if type(extra) is int and type(step) is int and not 0 <= extra < max(step, spread):
                raise FeatherboneError(f"output_padding is {extra}; it must lie in 0..{max(step, spread) - 1}")
        if divide(self.out_channels, self.groups) is None:
            raise FeatherboneError(f"{self.groups} groups do not divide the {self.out_channels} output channels")

    def output(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        require_map(self.kind, shape, len(self.kernel))
        if divide(shape[0], self.groups) is None:
            raise FeatherboneError(f"{self.groups} groups do not divide the {shape[0]} input channels")
        sides: list[Any] = []
        for axis, size in enumerate(shape[1:]):
            reach = self.dilation[axis] * (self.kernel[axis] - 1) + 1
            side = self.stride[axis] * (size - 1) + reach - 2 * self.padding[axis] + self.output_padding[axis]
            if type(side) is int and side < 1:
                raise FeatherboneError(
                    f"conv_transpose crops {self.padding[axis]} at both edges of a side of "
                    f"{side + 2 * self.padding[axis]} (input {shape_text(shape)})",
                    hint="use less padding",
                )
            sides.append(side)
        return (self.out_channels, *sides)

    def channels(self, *inputs: Shape) -> Flow:
        return filtered(inputs[0][0], self.out_channels, self.groups)

    def narrowed(self, read: tuple[Kept, ...], written: Kept, *inputs: Shape) -> Operator:
        groups = groups_left(written, self.out_channels, self.groups)
        return replace(self, out_channels=len(written), groups=groups)

    def parameters(self, *inputs: Shape) -> dict[str, Shape]:
        made = divide(self.out_channels, self.groups)
        assert made is not None, "checked by check()"
        weights: dict[str, Shape] = {"weight": (inputs[0][0], made, *self.kernel)}
        if self.bias:
            weights["bias"] = (self.out_channels,)
        return weights

    def describe(self, *inputs: Shape) -> str:
        words = f"transposed conv {sides_text(self.kernel)}"
        return f"{words} /{dim_text(self.stride[0])}" if any(step != 1 for step in self.stride) else words
