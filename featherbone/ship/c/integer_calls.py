"""Each step of a network in integers as a call in C.

Law: what the calls compute is ``featherbone.quantize.reference``, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product

import numpy as np

from featherbone.graph import Node, Shape
from featherbone.graph import operators as op
from featherbone.quantize import activation_table
from featherbone.quantize.rescale import onto
from featherbone.ship.c import moving
from featherbone.ship.c.call import CCall, places, window
from featherbone.ship.c.integers import LEVELS, IntegerNetwork, ends_of, factor_of, sum_of
from featherbone.ship.c.layers import layer_call
from featherbone.ship.c.steps import CStep
from featherbone.ship.c.text import array, constant
from featherbone.ship.c.vectors import in_upper_words, suits_vectors, vector_call
from featherbone.ship.c.weights import rows_of


def integer_call(found: IntegerNetwork, step: CStep) -> CCall:
    """The call of a step."""
    return CALLS[type(step.node.operator)](found, step)


def _layer(found: IntegerNetwork, step: CStep) -> CCall:
    node, name = step.node, found.names[step.node.name]
    layer, read = found.network.layers[node.name], found.grid(node.inputs[0])
    shape = found.shapes(node)[0]
    rows = rows_of(found.network.graph, node, layer.levels.numpy())
    wide = rows.reshape(len(rows), -1).astype(np.int64)
    own = np.zeros(len(rows), np.int64) if layer.bias is None else layer.bias.numpy().astype(np.int64)
    bias = own - found.zero(node.inputs[0]) * wide.sum(1)
    most = np.abs(own) + np.abs(wide).sum(1) * 510  # more than any stored value less any zero can be
    factor = layer.steps.numpy().astype(np.float64) * read.step / found.grid(node.name).step
    by = factor_of(found, node, factor, most)
    constants = [
        array(f"{name}_bias", bias.astype(np.int32)),
        array(f"{name}_multipliers", by.multiplier.astype(np.int32)),
        array(f"{name}_shifts", by.shift.astype(np.uint8)),
    ]
    finish: dict[str, object] = {
        "bias": f"{name}_bias",
        "multiplier": f"{name}_multipliers",
        "shift": f"{name}_shifts",
        **ends_of(found, node.name, step.ends),
    }
    if step.sum is not None:
        terms = [(step.ends[-1] if step.ends else node).name, step.reads[-1]]
        constants.append(constant("struct add", f"{name}_added", sum_of(found, step, step.sum, terms, step.sum_ends)))
        finish["add"] = f"&{name}_added"
    outside = found.zero(node.inputs[0])
    if found.processor.vectors and suits_vectors(node, shape) and in_upper_words(by, most):
        return vector_call(step, name, shape, rows, outside, constants, finish)
    constants.insert(0, array(f"{name}_weights", rows))
    return layer_call(step, name, shape, outside, constants, finish, found.processor.patch_bytes)


def _add(found: IntegerNetwork, step: CStep) -> CCall:
    node, name = step.node, found.names[step.node.name]
    terms = [found.steps.map_of(each) for each in node.inputs]
    return CCall(
        lines=(moving.add_line(name, len(terms)),),
        kernels=("add",),
        constants=(constant("struct add", f"{name}_settings", sum_of(found, step, node, node.inputs, step.ends)),),
        over=tuple(terms),
    )


def _multiply(found: IntegerNetwork, step: CStep) -> CCall:
    node, name = step.node, found.names[step.node.name]
    grids = [found.grid(each) for each in node.inputs]
    by = factor_of(found, node, grids[0].step * grids[1].step / found.grid(node.name).step, 2.0**16)
    settings = {
        **moving.stretched(node, found.shapes(node)),
        "left_zero": found.zero(node.inputs[0]),
        "right_zero": found.zero(node.inputs[1]),
        **ends_of(found, node.name, step.ends),
        "multiplier": by.multiplier,
        "shift": by.shift,
    }
    return CCall(
        lines=(f"multiply(&{name}_settings, $read0, $read1, $written);",),
        kernels=("multiply",),
        constants=(constant("struct multiply", f"{name}_settings", settings),),
        over=moving.whole(step, node, found.shapes(node)),
    )


def _activation(found: IntegerNetwork, step: CStep) -> CCall:
    node, operator = step.node, step.node.operator
    assert isinstance(operator, op.Activation)
    table = activation_table(operator.function, found.grid(node.inputs[0]), found.grid(node.name))
    return _lookup(found, node, table)


def _lookup(found: IntegerNetwork, node: Node, table: np.ndarray) -> CCall:
    name, channels = found.names[node.name], int(node.shape[0])
    return CCall(
        lines=(f"lookup(1, {places(node.shape) * channels}, {name}_table, $read0, 0, $written, 0);",),
        kernels=("lookup",),
        constants=(array(f"{name}_table", found.stored(table)),),
        over=(found.steps.map_of(node.inputs[0]),),
    )


def _concat(found: IntegerNetwork, step: CStep) -> CCall:
    """Its parts one after the other, each on the grid of the whole."""
    node, name = step.node, found.names[step.node.name]
    lines, constants, kernels, at = [], [], ["moves"], 0
    for part, (read, shape) in enumerate(zip(node.inputs, found.shapes(node), strict=True)):
        channels, given = int(shape[0]), found.grid(read)
        if given == found.grid(node.name):
            lines.append(
                moving.copy_line(places(node.shape), channels, f"$read{part}", channels, at, int(node.shape[0]))
            )
        else:
            constants.append(array(f"{name}_{part}_table", found.stored(onto(LEVELS, given, found.grid(node.name)))))
            lines.append(
                f"lookup({places(node.shape)}, {channels}, {name}_{part}_table, $read{part}, {channels}, "
                f"$written + {at}, {node.shape[0]});"
            )
            kernels.append("lookup")
        at += channels
    return CCall(lines=tuple(lines), kernels=tuple(kernels), constants=tuple(constants))


def _average(found: IntegerNetwork, step: CStep) -> CCall:
    node, name, shape = step.node, found.names[step.node.name], found.shapes(step.node)[0]
    fields = window(node, shape)
    counts = np.array(sorted(_counts(node, shape, fields)), dtype=np.int32)
    ratio = found.grid(node.inputs[0]).step / found.grid(node.name).step
    by = factor_of(found, node, ratio / counts, counts * 256.0)
    mean: dict[str, object] = {
        "read_zero": found.zero(node.inputs[0]),
        "kinds": len(counts),
        "counts": f"{name}_counts",
        "multipliers": f"{name}_multipliers",
        "shifts": f"{name}_shifts",
        **ends_of(found, node.name, step.ends),
    }
    arrays = (
        array(f"{name}_counts", counts),
        array(f"{name}_multipliers", by.multiplier.astype(np.int32)),
        array(f"{name}_shifts", by.shift.astype(np.uint8)),
    )
    return moving.average_call(step, name, shape, fields, mean, arrays)


def _counts(node: Node, shape: Shape, fields: Mapping[str, object]) -> set[int]:
    """Over how many values the means of windows are."""
    operator = node.operator
    if isinstance(operator, op.GlobalPool):
        return {int(np.prod([int(side) for side in shape[1:]]))}
    assert isinstance(operator, op.AvgPool)
    axes = []
    for axis, written in enumerate(node.shape[1:]):
        side, (before, after) = int(shape[1 + axis]), map(int, operator.padding[axis])
        starts = [place * int(operator.stride[axis]) - before for place in range(int(written))]
        ends = [start + int(operator.kernel[axis]) for start in starts]
        if operator.count_padding:
            axes.append({min(end, side + after) - start for start, end in zip(starts, ends, strict=True)})
        else:
            axes.append({min(end, side) - max(start, 0) for start, end in zip(starts, ends, strict=True)})
    return {int(np.prod(lengths)) for lengths in product(*axes)}


def _bilinear(found: IntegerNetwork, step: CStep) -> CCall:
    node = step.node
    assert isinstance(node.operator, op.Resize)
    digits = moving.digits_of(node.operator)
    ratio = found.grid(node.inputs[0]).step / found.grid(node.name).step
    by = factor_of(found, node, ratio / 2.0 ** (digits * len(node.operator.size)), 2.0**29)
    ends = ends_of(found, node.name, step.ends)
    blend = {"read_zero": found.zero(node.inputs[0]), "multiplier": by.multiplier, "shift": by.shift, **ends}
    return moving.bilinear_call(found.names[node.name], node, found.shapes(node)[0], blend, digits)


def _moved(move: Callable[[str, Node, Shape, int | float], CCall]) -> Callable[[IntegerNetwork, CStep], CCall]:
    """What moves values and changes none, and puts them on another grid where that is wanted."""

    def call(found: IntegerNetwork, step: CStep) -> CCall:
        node, name = step.node, found.names[step.node.name]
        made = move(name, node, found.shapes(node)[0], found.zero(node.inputs[0]))
        given, wanted = found.grid(node.inputs[0]), found.grid(node.name)
        if given == wanted:
            return made
        length = places(node.shape) * int(node.shape[0])
        return CCall(
            lines=(*made.lines, f"lookup(1, {length}, {name}_table, $written, 0, $written, 0);"),
            kernels=(*made.kernels, "lookup"),
            constants=(*made.constants, array(f"{name}_table", found.stored(onto(LEVELS, given, wanted)))),
        )

    return call


_maximum = _moved(moving.max_pool)
_nearest = _moved(moving.nearest)


def _global(found: IntegerNetwork, step: CStep) -> CCall:
    assert isinstance(step.node.operator, op.GlobalPool)
    return _average(found, step) if step.node.operator.reduce == "avg" else _maximum(found, step)


def _resize(found: IntegerNetwork, step: CStep) -> CCall:
    assert isinstance(step.node.operator, op.Resize)
    return _nearest(found, step) if step.node.operator.mode == "nearest" else _bilinear(found, step)


CALLS: dict[type[op.Operator], Callable[[IntegerNetwork, CStep], CCall]] = {
    op.Conv: _layer,
    op.ConvTranspose: _layer,
    op.Linear: _layer,
    op.Add: _add,
    op.Multiply: _multiply,
    op.Activation: _activation,
    op.Concat: _concat,
    op.AvgPool: _average,
    op.GlobalPool: _global,
    op.MaxPool: _maximum,
    op.Resize: _resize,
    op.Flatten: _moved(moving.flatten),
    op.Slice: _moved(moving.cut),
    op.ChannelShuffle: _moved(moving.shuffle),
    op.Reorder: _moved(moving.reorder),
    op.PadChannels: _moved(moving.pad_channels),
    op.Dropout: _moved(moving.copy),
}
