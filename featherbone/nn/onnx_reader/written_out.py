"""Tables that an exporter wrote out, told by their numbers: nobody trains a grid, a mask or a state of zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from featherbone.nn.onnx_reader.external import numbers

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
    """Whether a table holds several numbers, all whole or halves: a grid, a mask, strides; none was trained."""
    values = values_of(tensor)
    if values.size == 0 or (values == values[0]).all():
        return False
    doubled = 2 * values[np.isfinite(values)]
    return bool((doubled == np.rint(doubled)).all())
