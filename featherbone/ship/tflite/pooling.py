"""Pooling as TensorFlow Lite."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from featherbone.graph import operators as op
from featherbone.ship.tflite.draft import LiteTensor
from featherbone.ship.tflite.site import LiteSite
from featherbone.ship.tflite.windows import VALID, Pads, padded, reached, sized, strides, style

LARGEST_LEVEL = 127
LEAST = float(np.finfo(np.float32).min)


class _Run(NamedTuple):
    """Windows of one side that are evenly apart and as long as each other: the first one's place, and how many."""

    start: int
    length: int
    windows: int


def max_pool(operator: op.MaxPool, site: LiteSite) -> None:
    """Padding is the least number there is, so that it never wins."""
    padding = style(operator, site)
    value = site.reads[0]
    if padding is None:
        fill = None if _never_below_zero(site) else LEAST if value.grid is None else value.grid.low
        value = padded(site, reached(operator, site), fill=fill)
    _pool(site, "MAX_POOL_2D", value, operator, VALID if padding is None else padding)


def avg_pool(operator: op.AvgPool, site: LiteSite) -> None:
    """SAME leaves padding out of the mean; where it counts, it becomes a part of the map.

    What the last windows reach beyond padding that counts does not, and any other padding that does not count ends a
    window: windows of one length are pooled together, and the results are joined.
    """
    pads, stated = reached(operator, site), tuple((int(before), int(after)) for before, after in operator.padding)
    value, padding = site.reads[0], style(operator, site)
    counted = operator.count_padding or not any(map(any, pads))
    if site.in_integers and counted and padding is not None and not _beyond(pads, stated):
        _mean_of_integers(site, operator, padding)
        return
    if padding is not None and not (operator.count_padding and any(map(any, pads))):
        _pool(site, "AVERAGE_POOL_2D", value, operator, padding)
        return
    before = tuple(edge for edge, _ in stated)
    if operator.count_padding and any(map(any, stated)):
        within = tuple((edge, min(after, last)) for (edge, after), (_, last) in zip(stated, pads, strict=True))
        value, before = padded(site, within), (0, 0)
    rows, columns = (
        _runs(operator, axis, value.shape[1 + axis], before[axis], int(site.node.shape[1 + axis])) for axis in (0, 1)
    )
    whole = [[_Run(0, int(side), int(count))] for side, count in zip(operator.kernel, site.node.shape[1:], strict=True)]
    if [rows, columns] == whole:
        _pool(site, "AVERAGE_POOL_2D", value, operator, VALID)
        return
    _joined(site, value, operator, rows, columns)


def global_pool(operator: op.GlobalPool, site: LiteSite) -> None:
    if operator.reduce == "avg":
        site.emit("MEAN", [site.reads[0], site.whole("sides", [1, 2])], keepDims=True)
        return
    window = sized("filter", map(int, site.shapes[0][1:]))
    site.emit_moved("MAX_POOL_2D", [site.reads[0]], padding=VALID, **strides((1, 1)), **window)


def _mean_of_integers(site: LiteSite, operator: op.AvgPool, padding: int) -> None:
    """A depthwise convolution with equal weights: AVERAGE_POOL_2D would round the integers, and not their numbers.

    The weights are as large as they can be, so that a bias of one decides a tie upwards, and nothing else.
    """
    count, channels = prod(map(int, operator.kernel)), site.reads[0].shape[3]
    grid = site.reads[0].grid
    assert grid is not None
    steps = np.full(channels, 1 / (LARGEST_LEVEL * count))
    levels = np.full((1, *map(int, operator.kernel), channels), LARGEST_LEVEL, dtype=np.int8)
    weight = site.draft.constant(f"{site.node.name}/shares", levels, steps=steps, axis=3)
    bias = np.ones(channels, dtype=np.int32)
    up = site.draft.constant(f"{site.node.name}/up", bias, steps=steps * grid.step)
    options = {"padding": padding, "depthMultiplier": 1, **strides(operator.stride)}
    site.emit("DEPTHWISE_CONV_2D", [site.reads[0], weight, up], **options)


def _beyond(pads: Pads, stated: Pads) -> bool:
    """Whether a window reaches over the padding, as ``ceil`` allows."""
    return any(after > last for (_, after), (_, last) in zip(pads, stated, strict=True))


def _pool(site: LiteSite, kind: str, value: LiteTensor, operator: op.MaxPool | op.AvgPool, padding: int) -> None:
    window = sized("filter", map(int, operator.kernel))
    site.emit_moved(kind, [value], padding=padding, **strides(operator.stride), **window)


def _runs(operator: op.AvgPool, axis: int, side: int, before: int, count: int) -> list[_Run]:
    """The windows of a side, cut at its edges, by runs."""
    step, kernel = int(operator.stride[axis]), int(operator.kernel[axis])
    found: list[_Run] = []
    for number in range(count):
        start, end = max(0, number * step - before), min(side, number * step - before + kernel)
        last = found[-1] if found else None
        if last is not None and last.length == end - start and last.start + last.windows * step == start:
            found[-1] = last._replace(windows=last.windows + 1)
        else:
            found.append(_Run(start, end - start, 1))
    return found


def _joined(site: LiteSite, value: LiteTensor, operator: op.AvgPool, rows: list[_Run], columns: list[_Run]) -> None:
    """Each run of rows with each run of columns pooled, then joined side by side and one below the other."""
    grid, channels = value.grid, value.shape[3]
    parts: dict[tuple[int, int], LiteTensor] = {}
    for (row, high), (column, wide) in product(enumerate(rows), enumerate(columns)):
        parts[row, column] = _region(site, value, operator, high, wide, f"{row}_{column}")
    if len(rows) == 1:
        site.emit_moved("CONCATENATION", [parts[0, column] for column in range(len(columns))], axis=2)
        return
    bands = []
    for row, high in enumerate(rows):
        band = [parts[row, column] for column in range(len(columns))]
        shape = (1, high.windows, sum(run.windows for run in columns), channels)
        joined = band[0] if len(band) == 1 else site.step(f"row{row}", "CONCATENATION", band, shape, grid=grid, axis=2)
        bands.append(joined)
    site.emit_moved("CONCATENATION", bands, axis=1)


def _region(site: LiteSite, value: LiteTensor, operator: op.AvgPool, high: _Run, wide: _Run, part: str) -> LiteTensor:
    """The means of the windows of two runs."""
    sides = [
        (run.windows - 1) * int(step) + run.length for run, step in zip((high, wide), operator.stride, strict=True)
    ]
    shape = (1, *sides, value.shape[3])
    inputs = [value, site.whole("start", [0, high.start, wide.start, 0]), site.whole("size", shape)]
    cut = site.step(f"cut{part}", "SLICE", inputs, shape, grid=value.grid)
    options: dict[str, Any] = {
        "padding": VALID,
        **strides(operator.stride),
        **sized("filter", [high.length, wide.length]),
    }
    written = (1, high.windows, wide.windows, value.shape[3])
    return site.step(f"mean{part}", "AVERAGE_POOL_2D", [cut], written, grid=value.grid, **options)


def _never_below_zero(site: LiteSite) -> bool:
    """Whether zeros are padding that never wins."""
    grid = site.reads[0].grid
    if grid is not None:
        return grid.zero == grid.low
    before = site.graph[site.node.inputs[0]].operator
    return isinstance(before, op.Activation) and before.function in ("relu", "relu6", "sigmoid", "hard_sigmoid")
