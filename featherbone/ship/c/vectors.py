"""Convolutions for the vectors of desktops: which of them can be had so, and how their weights are laid."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from featherbone.graph import Node, Shape
from featherbone.graph import operators as op
from featherbone.quantize.rescale import Rescaling
from featherbone.ship.c.call import CCall, Window, is_depthwise, plane, window
from featherbone.ship.c.steps import CStep
from featherbone.ship.c.text import array, constant

LANES = 16  # channels of a block
FOUR = 4  # products that one instruction sums
SLACK = 64  # bytes that may be read behind a map
SHIFTS = (33, 54)  # where the upper word of a product decides alone, and zero fits beside it


def suits_vectors(node: Node, shape: Shape) -> bool:
    """Whether a layer slides windows of two sides over all channels, or over each by itself."""
    operator = node.operator
    if isinstance(operator, op.ConvTranspose) or len(shape) > 3 or len(shape) == 2:
        return False
    groups = int(operator.groups) if isinstance(operator, op.Conv) else 1
    return groups == 1 or is_depthwise(node, shape)


def in_upper_words(by: Rescaling, most: np.ndarray) -> bool:
    """Whether sums of at most this size can be rescaled in 32 bits."""
    upper = most * (by.multiplier / 2.0**32) + 256 * 2.0 ** (by.shift - 32)
    return bool(by.shift.min() >= SHIFTS[0] and by.shift.max() <= SHIFTS[1] and upper.max() < 2**31)


def vector_call(
    step: CStep,
    name: str,
    shape: Shape,
    rows: np.ndarray,
    outside: int,
    constants: list[str],
    finish: Mapping[str, object],
) -> CCall:
    """The call of a layer that suits vectors; ``rows`` are its weights: kernels × taps × channels."""
    fields = window(step.node, shape)
    depthwise, in_integers = is_depthwise(step.node, shape), rows.dtype == np.int8
    if depthwise:
        settings, packed, room = (_laid if in_integers else _channelwise)(fields, rows, outside)
    else:
        settings, packed, room = _tiles(fields, rows, outside)
    settings |= {"weights": f"{name}_weights", "finish": finish}
    kind = "channelwise" if depthwise else "tiles"
    joined = f"$read{len(step.reads) - 1}" if step.sum is not None else "NULL"
    apart = step.sum is not None and step.reads[0] != step.reads[-1]
    return CCall(
        lines=(f"{kind}(&{name}_settings, $read0, {joined}, $written, $room);",),
        kernels=("edges", "tiles" if in_integers else "lanes", *((kind,) if depthwise else (kind, "tiling"))),
        constants=(
            array(f"{name}_weights", packed),
            *constants,
            constant(f"struct {kind}", f"{name}_settings", settings),
        ),
        over=step.reads[-1:] if apart else (),
        room=room,
    )


def _edges(fields: Window, outside: int, size: int) -> tuple[dict[str, object], int]:
    """The fields of ``struct edges``, and the bytes of a map with edges."""
    read, before, needed = fields["read"][1:], fields["before"][1:], plane(fields)[1:]
    whole = before == [0, 0] and all(need <= side for need, side in zip(needed, read, strict=True))
    padded = read if whole else needed
    found: dict[str, object] = {
        "read": read,
        "channels": fields["channels"],
        "padded": padded,
        "before": before,
        "whole": int(whole),
        "outside": outside,
    }
    return found, 0 if whole else padded[0] * padded[1] * fields["channels"] * size + SLACK


def _tiles(fields: Window, rows: np.ndarray, outside: int) -> tuple[dict[str, object], np.ndarray, int]:
    """The fields of ``struct tiles``, its weights, and the bytes of a map with edges."""
    kernels, channels = len(rows), fields["channels"]
    _, height, width = fields["kernel"]
    side_by_side = fields["dilation"][2] == 1
    runs, columns, length = (height, 1, width * channels) if side_by_side else (height * width, width, channels)
    four = FOUR if rows.dtype == np.int8 else 1
    fours, blocks = -(-length // four), -(-kernels // LANES)
    wide = np.zeros((blocks * LANES, runs, fours * four), rows.dtype)
    wide[:kernels, :, :length] = rows.reshape(kernels, runs, length)
    packed = wide.reshape(blocks, LANES, runs, fours, four).transpose(0, 2, 3, 1, 4)
    edges, room = _edges(fields, outside, rows.itemsize)
    settings: dict[str, object] = {
        "edges": edges,
        "written": fields["written"][1:],
        "kernels": kernels,
        "stride": fields["stride"][1:],
        "runs": runs,
        "fours" if four == FOUR else "length": fours,
        "run_rows": fields["dilation"][1:],
        "columns": columns,
    }
    return settings, packed, room


def _channelwise(fields: Window, rows: np.ndarray, outside: int) -> tuple[dict[str, object], np.ndarray, int]:
    """The fields of ``struct channelwise`` of floating-point numbers, its weights, the bytes of a map with edges."""
    channels = len(rows)
    blocks = -(-channels // LANES)
    wide = np.zeros((blocks * LANES, rows[0].size), rows.dtype)
    wide[:channels] = rows.reshape(channels, -1)
    edges, room = _edges(fields, outside, rows.itemsize)
    keys = ("written", "kernel", "stride", "dilation")
    settings = {"edges": edges, **{key: fields[key][1:] for key in keys}}  # type: ignore[literal-required]
    return settings, wide.reshape(blocks, LANES, -1).transpose(0, 2, 1), room


def _laid(fields: Window, rows: np.ndarray, outside: int) -> tuple[dict[str, object], np.ndarray, int]:
    """The fields of ``struct channelwise`` of integers, its weights, the bytes of an edge and of rows laid."""
    channels = fields["channels"]
    _, height, width = fields["kernel"]
    fours, blocks = -(-height // FOUR), -(-channels // LANES)
    wide = np.zeros((blocks * LANES, fours * FOUR, width), np.int8)
    wide[:channels, :height] = rows.reshape(channels, height, width)
    packed = wide.reshape(blocks, LANES, fours, FOUR, width).transpose(0, 2, 4, 1, 3)
    long = plane(fields)[2]
    settings: dict[str, object] = {
        "read": fields["read"][1:],
        "channels": channels,
        "written": fields["written"][1:],
        "kernel": fields["kernel"][1:],
        "stride": fields["stride"][1:],
        "dilation": fields["dilation"][1:],
        "before": fields["before"][1:],
        "width": long,
        "fours": fours,
        "blocks": blocks,
        "outside": outside,
    }
    edge = fields["read"][2] * channels + LANES
    return settings, packed, -(-edge // SLACK) * SLACK + long * fours * blocks * SLACK
