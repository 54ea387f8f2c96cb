"""Each operator of the vocabulary as the ONNX operators that compute it."""

from __future__ import annotations

import math
from functools import singledispatch
from typing import Any

import torch
import torch.nn.functional as F

from featherbone.graph import operators as op
from featherbone.nn.onnx_writer import layers, pooling
from featherbone.nn.onnx_writer.site import Site
from featherbone.onnx_dialect import ELEMENTWISE


@singledispatch
def write(operator: op.Operator, site: Site) -> None:
    """Add the ONNX nodes that compute ``operator``."""
    raise NotImplementedError(operator.kind)


write.register(op.Conv, layers.conv)
write.register(op.ConvTranspose, layers.conv_transpose)
write.register(op.Linear, layers.linear)
write.register(op.BatchNorm, layers.batch_norm)
write.register(op.MaxPool, pooling.max_pool)
write.register(op.AvgPool, pooling.avg_pool)
write.register(op.GlobalPool, pooling.global_pool)


@write.register
def _(operator: op.Activation, site: Site) -> None:
    if operator.function == "silu":
        site.emit("Mul", [*site.reads, site.step("gate", "Sigmoid")])
    elif operator.function == "relu6":
        site.emit("Clip", [*site.reads, site.floats("low", 0), site.floats("high", 6)])
    else:
        kind, settings = ELEMENTWISE[operator.function]
        site.emit(kind, **settings)


@write.register
def _(operator: op.LocalResponseNorm, site: Site) -> None:
    settings: dict[str, Any] = {"alpha": operator.alpha, "beta": operator.beta, "bias": operator.k}
    if operator.size % 2 and len(site.shapes[0]) == 3:
        site.emit("LRN", size=operator.size, **settings)
        return
    # ONNX's LRN is of maps with two sides, and ONNX Runtime's of an odd number of channels. Otherwise the mean of the
    # squares is pooled over a table with a row for each channel.
    channels, *sides = (int(size) for size in site.node.shape)
    squares = site.step("squares", "Mul", [*site.reads, *site.reads])
    table = site.step("table", "Reshape", [squares, site.numbers("rows", [-1, 1, channels, math.prod(sides)])])
    before, after = operator.size // 2, (operator.size - 1) // 2
    pooled = site.step(
        "mean",
        "AveragePool",
        [table],
        kernel_shape=[operator.size, 1],
        pads=[before, 0, after, 0],
        count_include_pad=1,
    )
    energy = site.step("energy", "Reshape", [pooled, site.numbers("map", [-1, channels, *sides])])
    scaled = site.step("scaled", "Mul", [energy, site.floats("alpha", operator.alpha)])
    shifted = site.step("shifted", "Add", [scaled, site.floats("k", operator.k)])
    divisor = site.step("divisor", "Pow", [shifted, site.floats("beta", operator.beta)])
    site.emit("Div", [*site.reads, divisor])


@write.register
def _(operator: op.Resize, site: Site) -> None:
    axes = list(range(2, 2 + len(site.sides)))
    size = [int(side) for side in operator.size]
    whole = all(wanted % side == 0 for wanted, side in zip(size, site.sides, strict=True))
    if operator.mode == "bilinear" or whole:
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        if operator.mode == "nearest":
            how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        site.emit("Resize", [*site.reads, "", "", site.numbers("size", size)], axes=axes, **how)
        return
    # ONNX Runtime divides by a scale that it has rounded, and takes the neighbour of 14 → 4 and others like it: the
    # places to read are written out, side by side.
    value = site.reads[0]
    for axis, side, wanted in zip(axes, site.sides, size, strict=True):
        places = site.numbers(f"places{axis}", _nearest(side, wanted))
        if axis == axes[-1]:
            site.emit("Gather", [value, places], axis=axis)
        else:
            value = site.step(f"side{axis}", "Gather", [value, places], axis=axis)


@write.register
def _(operator: op.Flatten, site: Site) -> None:
    site.emit("Reshape", [*site.reads, site.numbers("shape", [-1, int(site.node.shape[0])])], allowzero=1)


@write.register
def _(operator: op.Add, site: Site) -> None:
    total = site.reads[0]
    for number, other in enumerate(site.reads[1:-1], start=2):
        total = site.step(f"sum{number}", "Add", [total, other])
    site.emit("Add", [total, site.reads[-1]])


@write.register
def _(operator: op.Multiply, site: Site) -> None:
    site.emit("Mul")


@write.register
def _(operator: op.Concat, site: Site) -> None:
    site.emit("Concat", axis=1)


@write.register
def _(operator: op.Slice, site: Site) -> None:
    ends = {"start": operator.start, "stop": operator.stop, "axis": 1, "stride": 1}
    site.emit("Slice", [*site.reads, *(site.numbers(part, [int(place)]) for part, place in ends.items())])


@write.register
def _(operator: op.ChannelShuffle, site: Site) -> None:
    channels, *sides = (int(size) for size in site.node.shape)
    groups = int(operator.groups)
    apart = site.numbers("apart", [-1, groups, channels // groups, *sides])
    table = site.step("table", "Reshape", [*site.reads, apart], allowzero=1)
    turned = site.step("turned", "Transpose", [table], perm=[0, 2, 1, *range(3, 3 + len(sides))])
    site.emit("Reshape", [turned, site.numbers("together", [-1, channels, *sides])], allowzero=1)


@write.register
def _(operator: op.Reorder, site: Site) -> None:
    site.emit("Gather", [*site.reads, site.numbers("order", operator.order)], axis=1)


@write.register
def _(operator: op.PadChannels, site: Site) -> None:
    none = [0] * (len(site.node.shape) - 1)
    edges = [0, int(operator.before), *none, 0, int(operator.after), *none]
    site.emit("Pad", [*site.reads, site.numbers("edges", edges)])


def _nearest(side: int, wanted: int) -> list[int]:
    """The places that PyTorch reads of a side to make it another size."""
    places = torch.arange(side, dtype=torch.float32).reshape(1, 1, side)
    return [int(place) for place in F.interpolate(places, size=wanted, mode="nearest").flatten()]
