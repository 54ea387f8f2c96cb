"""Where windows lie on a map, in the two ways that TensorFlow Lite has to say it: SAME and VALID.

SAME adds as much as the last window needs, the larger half behind; VALID adds nothing. Any other padding is an operator
of its own in front. Padding that no window reaches is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from featherbone.graph import operators as op
from featherbone.graph.operators.window import Sides
from featherbone.ship.tflite.draft import LiteTensor
from featherbone.ship.tflite.site import LiteSite

SAME, VALID = 0, 1  # of the schema's Padding

Pads = tuple[tuple[int, int], ...]


def reached(operator: op.Conv | op.MaxPool | op.AvgPool, site: LiteSite) -> Pads:
    """Before and after each side: how far the windows reach over the map."""
    found: list[tuple[int, int]] = []
    for axis, size in enumerate(site.shapes[0][1:]):
        before, count = int(operator.padding[axis][0]), int(site.node.shape[1 + axis])
        end = (count - 1) * int(operator.stride[axis]) + _reach(operator, axis)
        found.append((before, max(0, end - before - int(size))))
    return tuple(found)


def style(operator: op.Conv | op.MaxPool | op.AvgPool, site: LiteSite) -> int | None:
    """SAME or VALID where one of them pads as the operator does, else None."""
    pads = reached(operator, site)
    if not any(map(any, pads)):
        return VALID
    same = tuple(
        same_padding(int(size), _reach(operator, axis), int(operator.stride[axis]))
        for axis, size in enumerate(site.shapes[0][1:])
    )
    return SAME if pads == same else None


def same_padding(size: int, reach: int, stride: int) -> tuple[int, int]:
    """What SAME adds before and after a side.

    >>> same_padding(224, 3, 2), same_padding(225, 3, 2)
    ((0, 1), (1, 1))
    """
    count = -(-size // stride)
    total = max(0, (count - 1) * stride + reach - size)
    return total // 2, total - total // 2


def padded(site: LiteSite, pads: Pads, *, fill: float | None = None) -> LiteTensor:
    """The map that is read with its edges padded: by zeros, or by ``fill``, an integer of its grid in int8."""
    value = site.reads[0]
    edges = [(0, 0), *pads, (0, 0)]
    shape = tuple(size + sum(edge) for size, edge in zip(value.shape, edges, strict=True))
    inputs = [value, site.whole("edges", edges)]
    if fill is None:
        return site.step("padded", "PAD", inputs, shape, grid=value.grid)
    return site.step("padded", "PADV2", [*inputs, _filling(site, fill)], shape, grid=value.grid)


def strides(sides: Sides) -> dict[str, int]:
    """Strides by the schema's names, which every operator with windows has."""
    height, width = sides
    return {"strideH": int(height), "strideW": int(width)}


def sized(name: str, sides: Iterable[int]) -> dict[str, int]:
    """Two sides by the schema's names: ``dilation`` has its factors, a pool's ``filter`` its sides."""
    return dict(zip(SIDES[name], sides, strict=True))


SIDES = {"filter": ("filterHeight", "filterWidth"), "dilation": ("dilationHFactor", "dilationWFactor")}


def _filling(site: LiteSite, fill: float) -> LiteTensor:
    grid = site.reads[0].grid
    if grid is None:
        return site.floats("fill", [fill])
    return site.draft.constant(f"{site.node.name}/fill", np.array([fill], dtype=np.int8), grid=grid)


def _reach(operator: op.Conv | op.MaxPool | op.AvgPool, axis: int) -> int:
    """How far a window lies over a side."""
    apart = int(operator.dilation[axis]) if isinstance(operator, op.Conv) else 1
    return apart * (int(operator.kernel[axis]) - 1) + 1
