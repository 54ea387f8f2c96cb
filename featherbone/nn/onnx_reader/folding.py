"""Numbers that an ONNX graph computes from shapes, such as the target of a reshape: worked out as arrays, bounded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from featherbone.errors import FeatherboneError

MOST = 1_000_000  # elements; shapes have a handful

Array = Any  # a numpy array


def fold(kind: str, inputs: Sequence[Array | None], attributes: dict[str, Any]) -> Array | None:
    """The result of an operator on arrays; ``None`` where it is not one that shapes are computed with."""
    rule = FOLDS.get(kind)
    if rule is None:
        return None
    result = np.asarray(rule(list(inputs), attributes))
    if result.size > MOST:
        raise FeatherboneError(f"{kind} makes a constant of {result.size:,} elements; at most {MOST:,} are worked out")
    return result


def axes_of(inputs: Sequence[Any], attributes: dict[str, Any], place: int = 1) -> list[int] | None:
    """Axes, which newer opsets give as an input and older ones as an attribute."""
    if "axes" in attributes:
        return [int(axis) for axis in attributes["axes"]]
    if len(inputs) > place and isinstance(inputs[place], np.ndarray):
        return [int(axis) for axis in inputs[place].reshape(-1)]
    return None


def number(value: Any) -> float | None:
    """The one element of a constant; ``None`` for anything else."""
    return float(value.reshape(-1)[0]) if isinstance(value, np.ndarray) and value.size == 1 else None


def _bounded(shape: Sequence[int]) -> tuple[int, ...]:
    sizes = tuple(int(size) for size in shape)
    volume = 1
    for size in sizes:
        volume *= size
        if size < 0 or volume > MOST:
            raise FeatherboneError(f"a constant of shape {sizes[:8]} is larger than the {MOST:,} elements worked out")
    return sizes


def _reshape(inputs: list[Array], attributes: dict[str, Any]) -> Array:
    wanted = [int(size) for size in inputs[1]]
    wanted = [inputs[0].shape[place] if size == 0 else size for place, size in enumerate(wanted)]
    return inputs[0].reshape(wanted)


def _range(inputs: list[Array], attributes: dict[str, Any]) -> Array:
    start, stop, step = (value.reshape(-1)[0] for value in inputs)
    _bounded([max(0, int((stop - start) / step) + 1)])
    return np.arange(start, stop, step)


def _unsqueeze(inputs: list[Array], attributes: dict[str, Any]) -> Array:
    return np.expand_dims(inputs[0], tuple(axes_of(inputs, attributes) or [0]))


def _squeeze(inputs: list[Array], attributes: dict[str, Any]) -> Array:
    axes = axes_of(inputs, attributes)
    return np.squeeze(inputs[0], None if axes is None else tuple(axes))


def _slice(inputs: list[Array], attributes: dict[str, Any]) -> Array:
    index = [slice(None)] * inputs[0].ndim
    for axis, start, stop, step in slices(inputs, attributes):
        index[axis] = slice(start, stop, step)
    return inputs[0][tuple(index)]


def slices(inputs: Sequence[Any], attributes: dict[str, Any]) -> list[tuple[int, int, int, int]]:
    """(axis, start, stop, step) of a Slice."""
    if "starts" in attributes:
        starts, ends = list(attributes["starts"]), list(attributes["ends"])
        axes = list(attributes.get("axes", range(len(starts))))
        steps = [1] * len(starts)
    else:
        starts, ends = inputs[1].reshape(-1).tolist(), inputs[2].reshape(-1).tolist()
        given = len(inputs) > 3 and inputs[3] is not None
        axes = inputs[3].reshape(-1).tolist() if given else list(range(len(starts)))
        stepped = len(inputs) > 4 and inputs[4] is not None
        steps = inputs[4].reshape(-1).tolist() if stepped else [1] * len(starts)
    return [(int(a), int(b), int(c), int(d)) for a, b, c, d in zip(axes, starts, ends, steps, strict=True)]


def _divide(inputs: list[Array], attributes: dict[str, Any]) -> Array:
    left, right = inputs
    return left // right if left.dtype.kind in "iu" else left / right


def _constant_of_shape(inputs: list[Array], attributes: dict[str, Any]) -> Array:
    from onnx import numpy_helper

    value = attributes.get("value")
    return np.full(_bounded(inputs[0]), 0.0 if value is None else numpy_helper.to_array(value).reshape(-1)[0])


def _cast(inputs: list[Array], attributes: dict[str, Any]) -> Array:
    return inputs[0].astype(np.int64) if attributes.get("to") in (6, 7) else inputs[0].astype(np.float64)


FOLDS: dict[str, Callable[[list[Array], dict[str, Any]], Array]] = {
    "Add": lambda i, a: i[0] + i[1],
    "Sub": lambda i, a: i[0] - i[1],
    "Mul": lambda i, a: i[0] * i[1],
    "Div": _divide,
    "Mod": lambda i, a: i[0] % i[1],
    "Neg": lambda i, a: -i[0],
    "Floor": lambda i, a: np.floor(i[0]),
    "Ceil": lambda i, a: np.ceil(i[0]),
    "Min": lambda i, a: np.minimum.reduce(i),
    "Max": lambda i, a: np.maximum.reduce(i),
    "Equal": lambda i, a: i[0] == i[1],
    "Where": lambda i, a: np.where(i[0].astype(bool), i[1], i[2]),
    "ReduceProd": lambda i, a: np.prod(i[0], keepdims=bool(a.get("keepdims", 1))),
    "Gather": lambda i, a: np.take(i[0], i[1].astype(np.int64), axis=a.get("axis", 0)),
    "Concat": lambda i, a: np.concatenate(i, axis=a.get("axis", 0)),
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Slice": _slice,
    "Reshape": _reshape,
    "Range": _range,
    "ConstantOfShape": _constant_of_shape,
    "Expand": lambda i, a: np.broadcast_to(i[0], _bounded(np.broadcast_shapes(i[0].shape, _bounded(i[1])))),
    "Cast": _cast,
    "Identity": lambda i, a: i[0],
    "Transpose": lambda i, a: np.transpose(i[0], a.get("perm")),
}
