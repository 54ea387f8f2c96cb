"""What several rules ask of the arguments of a call: sides, axes, shapes, and which of them are activations."""

from __future__ import annotations

from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.nn.capture.traced import Traced


class ModelError(FeatherboneError):
    """The model cannot run on this input; found by a rule, so it needs no second try on real tensors."""


def sides(value: Any, rank: int) -> tuple[int, ...]:
    """One value a side.

    >>> sides(2, 2), sides([1, 3], 2)
    ((2, 2), (1, 3))
    """
    if isinstance(value, int):
        return (value,) * rank
    if type(value) is tuple and len(value) == rank:
        return value  # as torch's layers keep it
    values = tuple(int(side) for side in value)
    return values * rank if len(values) == 1 else values


def noted(made: Traced, **facts: int) -> Traced:
    """Note at an activation numbers that only the call holds (``featherbone.graph.called.Called.facts``); return it."""
    assert made.entry is not None, "a rule has recorded it"
    made.entry.facts = {**made.entry.facts, **facts}
    return made


def is_activation(value: Any) -> bool:
    return type(value) is Traced and value.entry is not None


def is_batched(value: Any) -> bool:
    """Whether a value is an activation with the batch of one in front."""
    if type(value) is not Traced or value.entry is None:
        return False
    size = value._size
    return len(size) >= 2 and size[0] == 1


def is_map(value: Any) -> bool:
    """Whether a value is a feature map: batch, channels and one to three sides."""
    return is_batched(value) and 3 <= len(value._size) <= 5


def axis(dim: int, rank: int) -> int:
    return dim + rank if dim < 0 else dim


def broadcast(*shapes: Any) -> tuple[int, ...]:
    """The shape that torch stretches several shapes to.

    >>> broadcast((1, 3, 1), (4, 1, 5))
    (4, 3, 5)
    """
    rank = max(len(shape) for shape in shapes)
    made = [1] * rank
    for shape in shapes:
        for place, size in enumerate(shape, rank - len(shape)):
            if size != 1:
                if made[place] not in (1, size):
                    raise ModelError(f"tensors of shapes {' and '.join(str(tuple(s)) for s in shapes)} do not fit")
                made[place] = size
    return tuple(made)
