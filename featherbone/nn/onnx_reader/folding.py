"""Numbers that an ONNX graph computes from shapes, such as the target of a reshape: worked out as arrays, bounded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.nn.capture.calls import NoRule

MOST = 1_000_000  # elements; shapes have a handful

Array = Any  # a numpy array


def fold(kind: str, inputs: Sequence[Array | None], attributes: dict[str, Any]) -> Array | None:
    """The result of an operator on arrays, in ONNX's own types; ``None`` where no shape is computed with it."""
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


def reduced_axes(inputs: Sequence[Any], attributes: dict[str, Any], rank: int) -> list[int]:
    """The axes that a Reduce operator sums over: all where none are named, or none by ``noop_with_empty_axes``.

    Raises:
        NoRule: axes that are worked out from the network's input.
    """
    if len(inputs) > 1 and inputs[1] is not None and not isinstance(inputs[1], np.ndarray):
        raise NoRule
    axes = axes_of(inputs, attributes)
    if axes:
        return sorted({axis % rank for axis in _within(axes, rank)})
    return [] if attributes.get("noop_with_empty_axes", 0) else list(range(rank))


def _within(axes: list[int], rank: int) -> list[int]:
    wrong = [axis for axis in axes if not -rank <= axis < rank]
    if wrong:
        raise FeatherboneError(f"axis {wrong[0]} is outside a tensor of {rank} axes")
    return axes


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
    if not attributes.get("allowzero", 0):
        wanted = [inputs[0].shape[place] if size == 0 else size for place, size in enumerate(wanted)]
    return inputs[0].reshape(wanted)


def _range(inputs: list[Array], attributes: dict[str, Any]) -> Array:
    start, stop, step = (value.reshape(-1)[0] for value in inputs)
    _bounded([max(0, int((stop - start) / step) + 1)])
    return np.arange(start, stop, step, dtype=start.dtype)


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


def _tile(inputs: list[Array]) -> Array:
    times = [int(count) for count in inputs[1]]
    _bounded([size * count for size, count in zip(inputs[0].shape, times, strict=True)])
    return np.tile(inputs[0], times)


def _divide(inputs: list[Array], attributes: dict[str, Any]) -> Array:
    left, right = inputs
    if left.dtype.kind not in "iu":
        return left / right
    whole = np.abs(left) // np.abs(right)  # ONNX divides whole numbers as C does: towards zero
    return (whole * np.sign(left) * np.sign(right)).astype(left.dtype)


def _modulo(inputs: list[Array], attributes: dict[str, Any]) -> Array:
    return np.fmod(*inputs) if attributes.get("fmod", 0) else np.mod(*inputs)


def _reduce(operation: Any) -> Callable[[list[Array], dict[str, Any]], Array]:
    def reduced(inputs: list[Array], attributes: dict[str, Any]) -> Array:
        axes = reduced_axes(inputs, attributes, inputs[0].ndim)
        made = operation(inputs[0], axis=tuple(axes), keepdims=bool(attributes.get("keepdims", 1)))
        return made.astype(inputs[0].dtype)

    return reduced


def _constant_of_shape(inputs: list[Array], attributes: dict[str, Any]) -> Array:
    from onnx import numpy_helper

    value = attributes.get("value")
    filled = np.zeros(1, np.float32) if value is None else numpy_helper.to_array(value).reshape(-1)
    return np.full(_bounded(inputs[0]), filled[0], dtype=filled.dtype)


def _cast(inputs: list[Array], attributes: dict[str, Any]) -> Array:
    from onnx import helper

    return inputs[0].astype(helper.tensor_dtype_to_np_dtype(attributes["to"]))


FOLDS: dict[str, Callable[[list[Array], dict[str, Any]], Array]] = {
    "Add": lambda i, a: i[0] + i[1],
    "Sub": lambda i, a: i[0] - i[1],
    "Mul": lambda i, a: i[0] * i[1],
    "Div": _divide,
    "Mod": _modulo,
    "Neg": lambda i, a: -i[0],
    "Floor": lambda i, a: np.floor(i[0]),
    "Ceil": lambda i, a: np.ceil(i[0]),
    "Min": lambda i, a: np.minimum.reduce(i),
    "Max": lambda i, a: np.maximum.reduce(i),
    "Abs": lambda i, a: np.abs(i[0]),
    "Sign": lambda i, a: np.sign(i[0]),
    "Not": lambda i, a: np.logical_not(i[0]),
    "And": lambda i, a: np.logical_and(i[0], i[1]),
    "Or": lambda i, a: np.logical_or(i[0], i[1]),
    "Xor": lambda i, a: np.logical_xor(i[0], i[1]),
    "Less": lambda i, a: i[0] < i[1],
    "LessOrEqual": lambda i, a: i[0] <= i[1],
    "Greater": lambda i, a: i[0] > i[1],
    "GreaterOrEqual": lambda i, a: i[0] >= i[1],
    "CastLike": lambda i, a: i[0].astype(i[1].dtype),
    "Tile": lambda i, a: _tile(i),
    "Equal": lambda i, a: i[0] == i[1],
    "Where": lambda i, a: np.where(i[0].astype(bool), i[1], i[2]),
    "Round": lambda i, a: np.rint(i[0]),
    "Sqrt": lambda i, a: np.sqrt(i[0]),
    "Pow": lambda i, a: np.power(i[0], i[1]).astype(i[0].dtype),
    "ReduceProd": _reduce(np.prod),
    "ReduceSum": _reduce(np.sum),
    "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min),
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
