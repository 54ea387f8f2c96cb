"""One call in C: the constants that it needs, what it says, and what it does with memory."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TypedDict

from featherbone.graph import Node, Shape
from featherbone.graph import operators as op

Sides = list[int]


class Window(TypedDict):
    """The fields of ``struct window``."""

    read: Sides
    channels: int
    written: Sides
    kernel: Sides
    stride: Sides
    dilation: Sides
    before: Sides


@dataclass(frozen=True, kw_only=True)
class CCall:
    """What a step is in C.

    Fields:
        lines: the calls; ``$read0`` … are the maps that are read, ``$written`` and ``$room`` are where it writes.
        kernels: the files of ``kernels/`` in which they are defined, in an order in which they can stand.
        constants: arrays and structs, as C.
        over: the maps that it may write over.
        room: the values that it needs besides, in bytes.
        weights: bytes of weights.
    """

    lines: tuple[str, ...]
    kernels: tuple[str, ...]
    constants: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    room: int = 0


def three(sides: Shape, fill: int = 1) -> Sides:
    """Sides of a map as depth, height, width.

    >>> three((5, 7))
    [1, 5, 7]
    """
    return [fill] * (3 - len(sides)) + [int(side) for side in sides]


def places(shape: Shape) -> int:
    """The places of a map, each with all channels."""
    return prod(int(side) for side in shape[1:])


def window(node: Node, read: Shape) -> Window:
    """The fields of ``struct window`` for what slides a window, and for a linear layer, which has one place."""
    operator = node.operator
    if isinstance(operator, op.GlobalPool):
        sides = three(read[1:])
        return _window(read, [1, 1, 1], sides, [1, 1, 1], [1, 1, 1], [0, 0, 0])
    if isinstance(operator, op.Linear):
        return _window(read, [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1], [0, 0, 0])
    if isinstance(operator, op.ConvTranspose):
        before = three(operator.padding, 0)
    else:
        assert isinstance(operator, (op.Conv, op.MaxPool, op.AvgPool))
        before = three(tuple(edge for edge, _ in operator.padding), 0)
    dilation = [1, 1, 1] if isinstance(operator, (op.MaxPool, op.AvgPool)) else three(operator.dilation)
    return _window(read, three(node.shape[1:]), three(operator.kernel), three(operator.stride), dilation, before)


def _window(read: Shape, written: Sides, kernel: Sides, stride: Sides, dilation: Sides, before: Sides) -> Window:
    return {
        "read": three(read[1:]),
        "channels": int(read[0]),
        "written": written,
        "kernel": kernel,
        "stride": stride,
        "dilation": dilation,
        "before": before,
    }


def plane(fields: Window) -> Sides:
    """The sides of a channel with its edges, as far as windows reach."""
    each = zip(fields["written"], fields["kernel"], fields["stride"], fields["dilation"], strict=True)
    return [(count - 1) * step + (side - 1) * apart + 1 for count, side, step, apart in each]


def is_depthwise(node: Node, read: Shape) -> bool:
    """Whether a convolution filters each channel by itself, and writes one for each."""
    operator = node.operator
    return (
        isinstance(operator, op.Conv)
        and int(operator.groups) == int(read[0]) == int(operator.out_channels)
        and int(read[0]) > 1
    )


def is_pointwise(node: Node) -> bool:
    """Whether a convolution reads of each place what it writes there."""
    operator = node.operator
    if not isinstance(operator, op.Conv):
        return isinstance(operator, op.Linear)
    ones = all(int(side) == 1 for side in (*operator.kernel, *operator.stride))
    return ones and int(operator.groups) == 1 and not any(int(edge) for pair in operator.padding for edge in pair)
