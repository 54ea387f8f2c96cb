"""How the elements of an activation lie in memory: kernels differ by it, and with them what a dispatcher sees."""

from __future__ import annotations

from math import prod
from typing import Any

from featherbone.graph.operators import Activation, Add, Dropout, Multiply
from featherbone.nn.capture.entry import TracedOperator
from featherbone.nn.capture.rules.arrange import Moved
from featherbone.nn.capture.traced import Traced

Sizes = tuple[int, ...]
KEEPING = (Activation, Add, Dropout, Multiply)
KEPT = frozenset({"add", "multiply", "subtract", "divide", "gelu_tanh", "leaky_relu", "elu", "clamp", "softplus"})
"""Element-wise functions write in the order in which their input lies."""


def is_strided(value: Any) -> bool:
    """Whether a value's elements don't lie in their order: its axes were swapped, and nothing has copied it since."""
    entry = value.entry if type(value) is Traced else None
    if entry is None:
        return False
    ordered = in_order(entry.full)
    return any(
        step != plain and size > 1 for step, plain, size in zip(_strides(entry), ordered, entry.full, strict=True)
    )


def is_apart(value: Any) -> bool:
    """Whether the elements along the last axis don't lie side by side."""
    entry = value.entry if type(value) is Traced else None
    return entry is not None and bool(entry.full) and entry.full[-1] > 1 and _strides(entry)[-1] != 1


def in_order(sizes: Sizes) -> Sizes:
    """The strides of a tensor whose elements lie in their order.

    >>> in_order((2, 3, 4))
    (12, 4, 1)
    """
    return tuple(prod(sizes[place + 1 :]) for place in range(len(sizes)))


def _strides(entry: TracedOperator) -> Sizes:
    moved = entry.detail
    if type(moved) is Moved:
        before = _strides(moved.source)
        if moved.axes is not None:
            return tuple(before[place] for place in moved.axes)
        return viewed(moved.source.full, before, entry.full) or in_order(entry.full)
    kept = isinstance(entry.operator, KEEPING) or entry.label in KEPT
    if kept and entry.inputs and entry.inputs[0].full == entry.full:
        return _strides(entry.inputs[0])
    return in_order(entry.full)


def viewed(sizes: Sizes, strides: Sizes, wanted: Sizes) -> Sizes | None:
    """The strides of the same memory under another shape; ``None`` where it has to be copied.

    >>> viewed((2, 3, 4), (12, 4, 1), (6, 4)), viewed((3, 4), (1, 3), (12,))
    ((4, 1), None)
    """
    found: list[int] = []
    left = list(wanted)
    place = len(sizes) - 1
    while place >= 0:
        step, size = strides[place], sizes[place]
        while place > 0 and (sizes[place - 1] == 1 or strides[place - 1] == size * step):
            place -= 1
            size *= sizes[place]
        reach = 1
        while left and (reach < size or left[-1] == 1):
            found.append(step * reach)
            reach *= left.pop()
        if reach != size:
            return None
        place -= 1
    return None if left else tuple(reversed(found))
