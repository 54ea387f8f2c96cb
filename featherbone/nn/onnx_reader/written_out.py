"""Tables that an exporter wrote out, told by their numbers: nobody trains a grid, a mask or a state of zeros."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isqrt
from typing import Any

import numpy as np

from featherbone.nn.onnx_reader.external import numbers

UNNAMED = re.compile(r"val_\d+")
LONG = 4  # places of a side along which steps are looked at
READ = 2**22  # elements of a table, at most, that are looked at


def values_of(tensor: Any) -> Any:
    """The numbers of a tensor, in a row; none where they are not there or too many to look at."""
    values = numbers(tensor, READ)
    return np.empty(0) if values is None else values.astype(np.float64).reshape(-1)


def zeros(tensor: Any) -> bool:
    """Whether a tensor holds zeros alone."""
    values = values_of(tensor)
    return bool(values.size) and not values.any()


def written_out(tensor: Any) -> bool:
    """Whether a table holds several numbers, all whole or halves, or evenly spaced: a grid, a mask, strides, a ramp."""
    values = values_of(tensor)
    if values.size == 0 or (values == values[0]).all():
        return False
    doubled = 2 * values[np.isfinite(values)]
    return bool((doubled == np.rint(doubled)).all()) or _evenly_spaced(values, tuple(tensor.dims))


def _evenly_spaced(values: Any, dims: tuple[int, ...]) -> bool:
    """Whether the numbers go up by even steps along every longer side, also along those of a square in a row.

    >>> steps = np.arange(5) / 7
    >>> _evenly_spaced(np.add.outer(steps, 2 * steps).reshape(-1), (1, 5, 5)), _evenly_spaced(steps**2, (5,))
    (True, False)
    """
    sides: list[int] = []
    for size in dims:
        square = size >= LONG**2 and isqrt(size) ** 2 == size
        sides += [isqrt(size)] * 2 if square else [size]
    for shape in (dims, tuple(sides)):
        table = values.reshape(shape)
        long = [axis for axis, size in enumerate(shape) if size >= LONG]
        bound = 1e-5 * np.ptp(values)
        if long and all(np.abs(np.diff(table, 2, axis)).max() <= bound for axis in long):
            return True
    return False


def only_normalizes(node: Any, constants: Mapping[str, Any], literal: bool, reshaped: bool) -> bool:
    """Whether an InstanceNormalization has ones and zeros that an exporter wrote, as the operator needs some.

    They are constants in the graph, or have the names that PyTorch's exporter gives to what the model does not have.
    That of a group norm, whose groups a Reshape makes, has its weights behind it.
    """
    if node.op_type != "InstanceNormalization":
        return False
    scale, bias = (constants.get(name) for name in node.input[1:3])
    if scale is None or bias is None or not zeros(bias) or not (values_of(scale) == 1).all():
        return False
    return literal or reshaped or all(UNNAMED.fullmatch(name) for name in node.input[1:3])


def repeated(values: Any, side: int) -> bool:
    """Whether a table holds the same numbers at each place of a side.

    >>> repeated(np.array([[1, 2], [1, 2]]), 0), repeated(np.array([[1, 2], [1, 2]]), 1)
    (True, False)
    """
    return bool((values == values.take([0], axis=side)).all())


def counting(values: Any, side: int) -> bool:
    """Whether a table holds whole numbers that count up from 0 along a side, by one step, and nothing else.

    >>> counting(np.array([[0], [7], [14]]), 0), counting(np.array([0, 1, 3]), 0)
    (True, False)
    """
    if values.dtype.kind not in "iu" or values.size != values.shape[side] or values.size < 2:
        return False
    row = values.reshape(-1)
    return bool((row == row[1] * np.arange(row.size)).all())


def gathered(tensor: Any) -> int:
    """The numbers of a table of relative positions that an exporter wrote out; 0 where a tensor is none.

    Such a table says how much a token looks at another: (…, N, N), where a number hangs on the distance between the
    two alone, in a row of N tokens or in a square of them. One token before the square (a class) has its own numbers.
    """
    sides = tuple(tensor.dims)
    if len(sides) < 3 or sides[-1] != sides[-2] or sides[-1] < 4:
        return 0
    values = values_of(tensor)
    if not values.size or (values == values[0]).all():
        return 0
    tables = values.reshape(-1, sides[-1], sides[-1])
    if not any(_by_distance(tables, width) for width in (0, isqrt(sides[-1]))):
        first, column, rest = tables[:, 0, 1:], tables[:, 1:, 0], tables[:, 1:, 1:]
        alone = (first == first[:, :1]).all() and (column == column[:, :1]).all()
        if not alone or not _by_distance(rest, isqrt(sides[-1] - 1)):
            return 0
    return sum(len(np.unique(table)) for table in tables)


def _by_distance(tables: Any, width: int) -> bool:
    """Whether the numbers hang on the distance alone: of tokens in a row, or in a square of this width."""
    tokens = tables.shape[-1]
    if width and width * width != tokens:
        return False
    place = np.arange(tokens)
    across, down = (place % width, place // width) if width else (place, 0 * place)
    distance = (down[:, None] - down) * 4 * tokens + (across[:, None] - across)
    _, where, which = np.unique(distance, return_index=True, return_inverse=True)
    flat = tables.reshape(len(tables), -1)
    return len(where) < flat.shape[1] and bool((flat == flat[:, where][:, which.reshape(-1)]).all())
