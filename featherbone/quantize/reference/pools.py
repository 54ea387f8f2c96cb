"""Pooling in integers: the largest of a window, or its sum rescaled by the steps over the number of its values."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from featherbone.graph import operators as op
from featherbone.quantize.reference.site import IntegerSite
from featherbone.quantize.reference.windows import padded, taps
from featherbone.quantize.rescale import clipped, onto, rescaled, rescaling


def max_pool(operator: op.MaxPool, site: IntegerSite) -> np.ndarray:
    """Padding never wins."""
    grid, written = site.grids[0], site.node.shape[1:]
    values = padded(site.reads[0], operator.padding, grid.low, _beyond(operator, site))
    met = (each for _, each in taps(values, operator.kernel, operator.stride, _ones(operator), written))
    best = next(met)
    for each in met:
        best = np.maximum(best, each)
    return onto(best, grid, site.grid)


def avg_pool(operator: op.AvgPool, site: IntegerSite) -> np.ndarray:
    written = site.node.shape[1:]
    values = padded(site.centred(), operator.padding, 0, _beyond(operator, site))
    total = sum(each for _, each in taps(values, operator.kernel, operator.stride, _ones(operator), written))
    return _mean(np.asarray(total), _counts(operator, site), site)


def global_pool(operator: op.GlobalPool, site: IntegerSite) -> np.ndarray:
    values = site.centred()
    sides = tuple(range(2, values.ndim))
    if operator.reduce == "max":
        return onto(site.reads[0].max(sides, keepdims=True), site.grids[0], site.grid)
    return _mean(values.sum(sides, keepdims=True, dtype=np.int64), np.array(prod(values.shape[2:])), site)


def _mean(total: np.ndarray, counts: np.ndarray, site: IntegerSite) -> np.ndarray:
    factor = site.grids[0].step / site.grid.step / counts
    return clipped(rescaled(total, rescaling(factor, wide=site.is_wide)), site.grid)


def _ones(operator: op.MaxPool | op.AvgPool) -> Sequence[int]:
    return (1,) * len(operator.kernel)


def _beyond(operator: op.MaxPool | op.AvgPool, site: IntegerSite) -> list[int]:
    """How far the last windows reach over the padded map, as ``ceil`` allows."""
    found = []
    for axis, count in enumerate(site.node.shape[1:]):
        end = (int(count) - 1) * int(operator.stride[axis]) + int(operator.kernel[axis])
        found.append(max(0, end - int(site.shapes[0][1 + axis]) - sum(map(int, operator.padding[axis]))))
    return found


def _counts(operator: op.AvgPool, site: IntegerSite) -> np.ndarray:
    """How many values the mean of each window is over."""
    counts = np.array(1)
    for axis, written in enumerate(site.node.shape[1:]):
        side, (before, after) = int(site.shapes[0][1 + axis]), map(int, operator.padding[axis])
        start = np.arange(int(written)) * int(operator.stride[axis]) - before
        end = start + int(operator.kernel[axis])
        if operator.count_padding:
            length = np.minimum(end, side + after) - start
        else:
            length = np.minimum(end, side) - np.maximum(start, 0)
        counts = counts[..., None] * length
    return counts
