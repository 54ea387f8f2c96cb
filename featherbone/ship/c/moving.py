"""Calls that are the same for integers and for floating-point numbers: what moves values, pools and resizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from featherbone.graph import Graph, Node, Shape
from featherbone.graph import operators as op
from featherbone.graph.operators.arrange import shuffled
from featherbone.quantize.reference.resize import DIGITS, linear_places, nearest_places
from featherbone.ship.c.call import CCall, places, three, window
from featherbone.ship.c.steps import CStep
from featherbone.ship.c.text import array, constant


def flatten_copies(graph: Graph, node: Node) -> bool:
    """Whether flattening leaves the order as it is stored, or only linear layers read it, which can have it so."""
    (shape,) = graph.input_shapes(node)
    if int(shape[0]) == 1 or places(shape) == 1:
        return True
    readers = graph.consumers()[node.name]
    return node.name not in graph.outputs and all(isinstance(each.operator, op.Linear) for each in readers)


def copy_line(count: int, channels: int, read: str, of: int, at: int, to: int) -> str:
    """Some channels of each place to some of another map."""
    return f"copy_channels({count}, {channels}, {read}, {of}, $written + {at}, {to});"


def add_line(name: str, terms: int) -> str:
    reads = ", ".join(f"$read{term}" for term in range(terms))
    return f"add(&{name}_settings, (const value_t *const[]){{{reads}}}, $written);"


def copy(name: str, node: Node, shape: Shape, zero: float) -> CCall:
    channels = int(shape[0])
    return CCall(lines=(copy_line(places(shape), channels, "$read0", channels, 0, channels),), kernels=("moves",))


def flatten(name: str, node: Node, shape: Shape, zero: float) -> CCall:
    return CCall(lines=(f"channels_first({places(shape)}, {shape[0]}, $read0, $written);",), kernels=("moves",))


def cut(name: str, node: Node, shape: Shape, zero: float) -> CCall:
    operator = node.operator
    assert isinstance(operator, op.Slice)
    channels = int(node.shape[0])
    line = copy_line(places(shape), channels, f"$read0 + {operator.start}", int(shape[0]), 0, channels)
    return CCall(lines=(line,), kernels=("moves",))


def shuffle(name: str, node: Node, shape: Shape, zero: float) -> CCall:
    assert isinstance(node.operator, op.ChannelShuffle)
    return _ordered(name, shape, shuffled(int(shape[0]), int(node.operator.groups)))


def reorder(name: str, node: Node, shape: Shape, zero: float) -> CCall:
    assert isinstance(node.operator, op.Reorder)
    return _ordered(name, shape, node.operator.order)


def _ordered(name: str, shape: Shape, order: Sequence[int]) -> CCall:
    return CCall(
        lines=(f"reorder_channels({places(shape)}, {shape[0]}, {name}_order, $read0, $written);",),
        kernels=("moves",),
        constants=(array(f"{name}_order", np.array(order, dtype=np.uint16)),),
    )


def pad_channels(name: str, node: Node, shape: Shape, zero: float) -> CCall:
    operator = node.operator
    assert isinstance(operator, op.PadChannels)
    channels, wide, before, after = int(shape[0]), int(node.shape[0]), int(operator.before), int(operator.after)
    count = places(shape)
    lines = [copy_line(count, channels, "$read0", channels, before, wide)]
    if before:
        lines.append(f"fill_channels({count}, {before}, {zero}, $written, {wide});")
    if after:
        lines.append(f"fill_channels({count}, {after}, {zero}, $written + {before + channels}, {wide});")
    return CCall(lines=tuple(lines), kernels=("moves",))


def max_pool(name: str, node: Node, shape: Shape, zero: float) -> CCall:
    return CCall(
        lines=(f"max_pool(&{name}_settings, $read0, $written);",),
        kernels=("window", "max_pool"),
        constants=(constant("struct window", f"{name}_settings", window(node, shape)),),
    )


def average_call(
    step: CStep,
    name: str,
    shape: Shape,
    fields: Mapping[str, object],
    mean: Mapping[str, object],
    arrays: tuple[str, ...] = (),
) -> CCall:
    """The call of an average, whatever its numbers are."""
    operator = step.node.operator
    after, count_padding = [0, 0, 0], 1
    if isinstance(operator, op.AvgPool):
        after, count_padding = three(tuple(edge for _, edge in operator.padding), 0), int(operator.count_padding)
    settings = {"window": fields, "after": after, "count_padding": count_padding, "mean": mean}
    return CCall(
        lines=(f"avg_pool(&{name}_settings, $read0, $written, $room);",),
        kernels=("window", "mean", "avg_pool"),
        constants=(*arrays, constant("struct avg_pool", f"{name}_settings", settings)),
        room=4 * int(shape[0]),
    )


def nearest(name: str, node: Node, shape: Shape, zero: float) -> CCall:
    axes = [nearest_places(int(side), int(wanted)) for side, wanted in zip(shape[1:], node.shape[1:], strict=True)]
    names = [f"{name}_{axis}_places" for axis in range(3)]
    found = _three_axes(axes, np.zeros(1))
    settings = {"read": three(shape[1:]), "written": three(node.shape[1:]), "channels": int(shape[0]), "places": names}
    return CCall(
        lines=(f"nearest(&{name}_settings, $read0, $written);",),
        kernels=("nearest",),
        constants=(
            *(array(each, axis.astype(np.uint16)) for each, axis in zip(names, found, strict=True)),
            constant("struct nearest", f"{name}_settings", settings),
        ),
    )


def digits_of(operator: op.Resize) -> int:
    """The digits of a weight of one side."""
    return DIGITS // len(operator.size)


def bilinear_call(name: str, node: Node, shape: Shape, blend: Mapping[str, object], digits: int | None) -> CCall:
    """The call that resizes between places: weights of so many binary digits, or floating-point numbers."""
    axes = [
        linear_places(int(side), int(wanted), digits if digits is not None else 24)
        for side, wanted in zip(shape[1:], node.shape[1:], strict=True)
    ]
    one = 2**digits if digits is not None else 1.0
    firsts = _three_axes([axis[0] for axis in axes], np.zeros(1))
    seconds = _three_axes([axis[1] for axis in axes], np.zeros(1))
    weights = _three_axes([axis[2] for axis in axes], np.zeros(1))
    kind = np.int32 if digits is not None else np.float32
    settings: dict[str, object] = {
        "read": three(shape[1:]),
        "written": three(node.shape[1:]),
        "channels": int(shape[0]),
    }
    constants: list[str] = []
    for what, values, type_ in (
        ("first", firsts, np.uint16),
        ("second", seconds, np.uint16),
        ("weight", weights, kind),
    ):
        settings[what] = [f"{name}_{axis}_{what}" for axis in range(3)]
        for axis, each in enumerate(values):
            scaled = each / 2.0**24 if type_ is np.float32 else each
            constants.append(array(f"{name}_{axis}_{what}", np.asarray(scaled).astype(type_)))
    settings["one"] = [type(one)(1)] * (3 - len(axes)) + [one] * len(axes)
    settings["blend"] = blend
    return CCall(
        lines=(f"bilinear(&{name}_settings, $read0, $written);",),
        kernels=("blend", "bilinear"),
        constants=(*constants, constant("struct bilinear", f"{name}_settings", settings)),
    )


def _three_axes(axes: Sequence[np.ndarray], single: np.ndarray) -> list[np.ndarray]:
    return [single] * (3 - len(axes)) + list(axes)


def stretched(node: Node, shapes: Sequence[Shape]) -> dict[str, object]:
    """The sides of a product, and how far apart the values of what is multiplied are along each; 0 where stretched."""

    def strides(shape: Shape) -> list[int]:
        sides = [*three(shape[1:]), int(shape[0])]
        found, stride = [0] * 4, 1
        for axis in reversed(range(4)):
            found[axis] = 0 if sides[axis] == 1 else stride
            stride *= sides[axis]
        return found

    left, right = (strides(shape) for shape in shapes)
    return {"sides": [*three(node.shape[1:]), int(node.shape[0])], "left": left, "right": right}


def whole(step: CStep, node: Node, shapes: Sequence[Shape]) -> tuple[str, ...]:
    """The maps of a product that are not stretched; none where both are one map."""
    if step.reads[0] == step.reads[1]:
        return step.reads[:1]
    return tuple(name for name, shape in zip(step.reads, shapes, strict=True) if shape == node.shape)
