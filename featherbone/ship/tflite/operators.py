"""Each operator of the vocabulary as the TensorFlow Lite operators that compute it."""

from __future__ import annotations

from functools import singledispatch
from math import prod
from typing import Any

from featherbone.graph import operators as op
from featherbone.quantize.grid import grid_over
from featherbone.quantize.reference.resize import nearest_places
from featherbone.ship.tflite import layers, pooling
from featherbone.ship.tflite.activations import activation
from featherbone.ship.tflite.layers import CLIPS, flattened_as_it_lies
from featherbone.ship.tflite.site import LiteSite
from featherbone.ship.tflite.windows import VALID, sized, strides


@singledispatch
def write_lite(operator: op.Operator, site: LiteSite) -> None:
    """Add the operators that compute ``operator``."""
    raise NotImplementedError(operator.kind)


write_lite.register(op.Conv, layers.conv)
write_lite.register(op.ConvTranspose, layers.conv_transpose)
write_lite.register(op.Linear, layers.linear)
write_lite.register(op.BatchNorm, layers.batch_norm)
write_lite.register(op.MaxPool, pooling.max_pool)
write_lite.register(op.AvgPool, pooling.avg_pool)
write_lite.register(op.GlobalPool, pooling.global_pool)
write_lite.register(op.Activation, activation)


@write_lite.register
def _(operator: op.LocalResponseNorm, site: LiteSite) -> None:
    """The mean of the squares is pooled over a table with a row for each channel; it is in float alone."""
    _, *sides, channels = site.writes.shape
    squares = site.step("squares", "MUL", [*site.reads, *site.reads], site.writes.shape)
    wide = (1, prod(sides), channels, 1)
    table = site.step("table", "RESHAPE", [squares, site.whole("rows", wide)], wide)
    before, after = operator.size // 2, (operator.size - 1) // 2
    edges = [(0, 0), (0, 0), (before, after), (0, 0)]
    padded = (*wide[:2], channels + before + after, 1)
    more = site.step("more", "PAD", [table, site.whole("edges", edges)], padded)
    options: dict[str, Any] = {"padding": VALID, **strides((1, 1)), **sized("filter", (1, operator.size))}
    pooled = site.step("mean", "AVERAGE_POOL_2D", [more], wide, **options)
    energy = site.step("energy", "RESHAPE", [pooled, site.whole("map", site.writes.shape)], site.writes.shape)
    scaled = site.step("scaled", "MUL", [energy, site.floats("alpha", operator.alpha)], site.writes.shape)
    shifted = site.step("shifted", "ADD", [scaled, site.floats("k", operator.k)], site.writes.shape)
    divisor = site.step("divisor", "POW", [shifted, site.floats("beta", operator.beta)], site.writes.shape)
    site.emit("DIV", [*site.reads, divisor])


@write_lite.register
def _(operator: op.Resize, site: LiteSite) -> None:
    sides, size = site.reads[0].shape[1:3], [int(side) for side in operator.size]
    if operator.mode == "bilinear":
        site.emit_moved("RESIZE_BILINEAR", [site.reads[0], site.whole("size", size)], halfPixelCenters=True)
        return
    if all(wanted % side == 0 for side, wanted in zip(sides, size, strict=True)):
        site.emit_moved("RESIZE_NEAREST_NEIGHBOR", [site.reads[0], site.whole("size", size)])
        return
    # Runtimes take another neighbour than PyTorch where a scale was rounded: the places to read are written out.
    value = site.reads[0]
    rows = site.whole("rows", nearest_places(sides[0], size[0]))
    shape = (1, size[0], *value.shape[2:])
    tall = site.step("tall", "GATHER", [value, rows], shape, grid=value.grid, axis=1)
    site.emit_moved("GATHER", [tall, site.whole("columns", nearest_places(sides[1], size[1]))], axis=2)


@write_lite.register
def _(operator: op.Flatten, site: LiteSite) -> None:
    """Channels outermost, unless the layers that read it take its weights in the order in which it lies."""
    value = site.reads[0]
    if prod(value.shape[1:-1]) > 1 and not flattened_as_it_lies(site.graph, site.node.name):
        shape = (1, value.shape[-1], *value.shape[1:-1])
        value = site.step("outermost", "TRANSPOSE", [value, site.whole("order", [0, 3, 1, 2])], shape, grid=value.grid)
    site.emit_moved("RESHAPE", [value, site.whole("shape", site.writes.shape)], newShape=list(site.writes.shape))


@write_lite.register
def _(operator: op.Add, site: LiteSite) -> None:
    """Terms one after the other; in int8 what is between them is on a grid that holds all that it can be."""
    total, grids = site.reads[0], [value.grid for value in site.reads]
    for number, other in enumerate(site.reads[1:-1], start=2):
        grid = None
        if site.in_integers:
            met = [each for each in grids[:number] if each is not None]
            grid = grid_over(sum(each.least for each in met), sum(each.most for each in met))
        total = site.step(f"sum{number}", "ADD", [total, other], site.writes.shape, grid=grid)
    site.emit("ADD", [total, site.reads[-1]], fusedActivationFunction=CLIPS[site.clip])


@write_lite.register
def _(operator: op.Multiply, site: LiteSite) -> None:
    site.emit("MUL")


@write_lite.register
def _(operator: op.Concat, site: LiteSite) -> None:
    """In int8 all parts are put on the grid that is written first."""
    parts = [site.on_one_grid(place) for place in range(len(site.reads))]
    site.emit("CONCATENATION", parts, axis=len(site.writes.shape) - 1)


@write_lite.register
def _(operator: op.Slice, site: LiteSite) -> None:
    start = [0] * (len(site.writes.shape) - 1) + [int(operator.start)]
    site.emit_moved("SLICE", [site.reads[0], site.whole("start", start), site.whole("size", site.writes.shape)])


@write_lite.register
def _(operator: op.ChannelShuffle, site: LiteSite) -> None:
    value, groups = site.reads[0], int(operator.groups)
    *sides, channels = value.shape
    apart, turned = (*sides, groups, channels // groups), (*sides, channels // groups, groups)
    table = site.step("table", "RESHAPE", [value, site.whole("apart", apart)], apart, grid=value.grid)
    order = [*range(len(sides)), len(sides) + 1, len(sides)]
    crossed = site.step("crossed", "TRANSPOSE", [table, site.whole("order", order)], turned, grid=value.grid)
    site.emit_moved("RESHAPE", [crossed, site.whole("together", value.shape)])


@write_lite.register
def _(operator: op.Reorder, site: LiteSite) -> None:
    site.emit_moved("GATHER", [site.reads[0], site.whole("order", operator.order)], axis=len(site.writes.shape) - 1)


@write_lite.register
def _(operator: op.PadChannels, site: LiteSite) -> None:
    edges = [(0, 0)] * (len(site.writes.shape) - 1) + [(int(operator.before), int(operator.after))]
    site.emit_moved("PAD", [site.reads[0], site.whole("edges", edges)])
