"""Several maps joined in integers: added, multiplied, stacked."""

from __future__ import annotations

import numpy as np

from featherbone.graph import operators as op
from featherbone.quantize.reference.site import IntegerSite
from featherbone.quantize.rescale import added, clipped, onto, rescaled, rescaling


def add(operator: op.Add, site: IntegerSite) -> np.ndarray:
    """Each term times its step over the step written, as integers with one shift; the sum is rounded once."""
    ratios = [grid.step / site.grid.step for grid in site.grids]
    multipliers, shift = added(ratios, max(grid.bits for grid in site.grids))
    total = np.array(1 << (shift - 1), dtype=np.int64)
    for place, multiplier in enumerate(multipliers):
        total = total + site.centred(place).astype(np.int64) * multiplier
    return clipped(np.right_shift(total, shift), site.grid)


def multiply(operator: op.Multiply, site: IntegerSite) -> np.ndarray:
    product = site.centred(0).astype(np.int64) * site.centred(1)
    factor = site.grids[0].step * site.grids[1].step / site.grid.step
    return clipped(rescaled(product, rescaling(factor, wide=site.is_wide)), site.grid)


def concat(operator: op.Concat, site: IntegerSite) -> np.ndarray:
    parts = [onto(values, grid, site.grid) for values, grid in zip(site.reads, site.grids, strict=True)]
    return np.concatenate(parts, axis=1)
