"""A map at another size, in integers."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from featherbone.graph import operators as op
from featherbone.quantize.reference.site import IntegerSite
from featherbone.quantize.rescale import clipped, onto, rescaled, rescaling

DIGITS = 20  # of the weights of all sides together, so that a sum of 8-bit values fits into 32 bits


def resize(operator: op.Resize, site: IntegerSite) -> np.ndarray:
    """The nearest value, or those beside it with weights of whole 2^-10 in each of two sides."""
    if operator.mode == "nearest":
        values = site.reads[0]
        for axis, wanted in enumerate(operator.size, start=2):
            values = values.take(nearest_places(values.shape[axis], int(wanted)), axis)
        return onto(values, site.grids[0], site.grid)
    total = site.centred().astype(np.int64)
    digits = DIGITS // len(operator.size)
    for axis, wanted in enumerate(operator.size, start=2):
        first, second, weight = linear_places(total.shape[axis], int(wanted), digits)
        shape = (-1, *(1,) * (total.ndim - 1 - axis))
        upper = weight.reshape(shape)
        total = total.take(first, axis) * (2**digits - upper) + total.take(second, axis) * upper
    factor = site.grids[0].step / site.grid.step / 2.0 ** (digits * len(operator.size))
    return clipped(rescaled(total, rescaling(factor, wide=site.is_wide)), site.grid)


def nearest_places(side: int, wanted: int) -> np.ndarray:
    """The places that PyTorch reads of a side to make it another size.

    >>> nearest_places(2, 4).tolist()
    [0, 0, 1, 1]
    """
    places = torch.arange(side, dtype=torch.float32).reshape(1, 1, side)
    return F.interpolate(places, size=wanted, mode="nearest").flatten().long().numpy()


def linear_places(side: int, wanted: int, digits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two places of a side for each that is wanted, and the weight of the second in units of 2^-``digits``.

    >>> [each.tolist() for each in linear_places(2, 4, 2)]
    [[0, 0, 0, 1], [1, 1, 1, 1], [0, 1, 3, 1]]
    """
    source = np.maximum((np.arange(wanted) + 0.5) * (side / wanted) - 0.5, 0)
    first = np.minimum(np.floor(source).astype(np.int64), side - 1)
    weight = np.floor((source - first) * 2**digits + 0.5).astype(np.int64)
    return first, np.minimum(first + 1, side - 1), weight
