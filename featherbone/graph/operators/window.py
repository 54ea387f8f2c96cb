"""Windows that slide over a map: the arithmetic that convolution and pooling share."""

from __future__ import annotations

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import Dim, Shape, require_positive, window_count
from featherbone.graph.operators.base import shape_text

Sides = tuple[Dim, ...]
Padding = tuple[tuple[Dim, Dim], ...]  # (before, after) for each side


def check_window(kernel: Sides, stride: Sides, padding: Padding, dilation: Sides) -> None:
    """Raise unless the window's settings are possible and agree in how many sides they speak of."""
    rank = len(kernel)
    if not rank or len(stride) != rank or len(padding) != rank or len(dilation) != rank:
        raise FeatherboneError(
            f"kernel {kernel}, stride {stride}, padding {padding} and dilation {dilation} speak of "
            "different numbers of sides; each needs one value a side"
        )
    for what, values in (("kernel", kernel), ("stride", stride), ("dilation", dilation)):
        for value in values:
            if type(value) is not int or value < 1:
                require_positive(what, value)
    for before, after in padding:
        for value in (before, after):
            if type(value) is int and value < 0:
                raise FeatherboneError(f"padding is {value}; it must not be negative")


def slide(
    kind: str, shape: Shape, kernel: Sides, stride: Sides, padding: Padding, dilation: Sides, *, ceil: bool = False
) -> Sides:
    """The sides of the map that a sliding window writes.

    Raises:
        FeatherboneError: where the window is larger than the padded map.
    """
    sides: list[Dim] = []
    for axis in range(len(kernel)):
        size, step, (before, after) = shape[axis + 1], stride[axis], padding[axis]
        reach = dilation[axis] * (kernel[axis] - 1) + 1
        count = window_count(size + before + after, reach, step, ceil=ceil)
        if type(count) is int:
            if ceil and type(size) is int and (count - 1) * step >= size + before:
                count -= 1  # the last window must start inside the map or its leading padding, as in torch
            if count < 1:
                raise FeatherboneError(
                    f"{kind} would shrink the map below 1×1: a window of {reach} does not fit side {size} with padding "
                    f"{before} + {after} (input {shape_text(shape)})",
                    hint="use a larger resolution, fewer strides, or more padding",
                )
        sides.append(count)
    return tuple(sides)
