"""Convolutions and linear layers in integers.

Sum over what is read: (q - zero of its map) · level, plus the bias; then once rescaled by step read · step of the
channel's weights / step written, and shifted to the zero of the map that is written. Padding is the map's zero.

A sum of products of integers is computed in float64, which is exact as long as no sum exceeds 2^53; a sum of 16-bit
values and 8-bit levels stays below 2^24 times the number of its terms.
"""

from __future__ import annotations

import numpy as np

from featherbone.graph import operators as op
from featherbone.quantize.reference.site import IntegerSite
from featherbone.quantize.reference.windows import padded, taps
from featherbone.quantize.rescale import clipped, rescaled, rescaling


def conv(operator: op.Conv, site: IntegerSite) -> np.ndarray:
    levels, groups = _levels(site), int(operator.groups)
    values = padded(site.centred(), operator.padding, 0)
    images, channels = values.shape[:2]
    kernels = _by_tap(levels.reshape(groups, -1, channels // groups, *levels.shape[2:]))
    total = np.zeros(1)
    for tap, met in taps(values, operator.kernel, operator.stride, operator.dilation, site.node.shape[1:]):
        rows = met.reshape(images, groups, channels // groups, -1).astype(np.float64)
        total = total + _product(kernels[tap], rows)
    return _written(total.reshape(images, *site.node.shape), site)


def conv_transpose(operator: op.ConvTranspose, site: IntegerSite) -> np.ndarray:
    """Each element read stamps a kernel on what is written, before its edges are cropped."""
    levels, groups = _levels(site), int(operator.groups)
    values, written = site.centred(), site.node.shape[1:]
    images, channels = values.shape[:2]
    kernels = _by_tap(levels.reshape(groups, channels // groups, *levels.shape[1:]).swapaxes(1, 2))
    rows = values.reshape(images, groups, channels // groups, -1).astype(np.float64)
    sides, ends = values.shape[2:], []
    for axis, side in enumerate(written):
        reach = int(operator.dilation[axis]) * (int(operator.kernel[axis]) - 1) + 1
        stamped_to = int(operator.stride[axis]) * (sides[axis] - 1) + reach
        ends.append(max(stamped_to, int(operator.padding[axis]) + int(side)))
    total = np.zeros((images, int(operator.out_channels), *ends))
    for tap, stamped in taps(total, operator.kernel, operator.stride, operator.dilation, sides):
        stamped += _product(kernels[tap], rows).reshape(stamped.shape)
    crop = [slice(int(edge), int(edge) + int(side)) for edge, side in zip(operator.padding, written, strict=True)]
    return _written(total[(slice(None), slice(None), *crop)], site)


def linear(operator: op.Linear, site: IntegerSite) -> np.ndarray:
    return _written(site.centred().astype(np.float64) @ _levels(site).T, site)


def _levels(site: IntegerSite) -> np.ndarray:
    assert site.layer is not None, "a layer in integers has integer weights"
    return site.layer.levels.numpy().astype(np.float64)


def _by_tap(kernels: np.ndarray) -> np.ndarray:
    """Kernels (groups × written × read × taps) with the axes of the taps first."""
    return np.moveaxis(kernels, (0, 1, 2), (-3, -2, -1))


def _product(kernels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Groups × written × read times images × groups × read × places."""
    depthwise = kernels.shape[2] == 1  # no sum over channels
    found: np.ndarray = kernels[None] * rows if depthwise else np.matmul(kernels, rows)
    return found


def _written(sums: np.ndarray, site: IntegerSite) -> np.ndarray:
    layer = site.layer
    assert layer is not None
    sides = (1,) * (sums.ndim - 2)
    total = sums.astype(np.int64)
    if layer.bias is not None:
        total = total + layer.bias.numpy().astype(np.int64).reshape(-1, *sides)
    factor = layer.steps.numpy().astype(np.float64) * site.grids[0].step / site.grid.step
    return clipped(rescaled(total, rescaling(factor.reshape(-1, *sides), wide=site.is_wide)), site.grid)
