"""An ONNX file of a fixed batch for one image: numbers and tables that an exporter wrote lose the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from featherbone.nn.one_image import Batch, NoBatch, Shape
from featherbone.nn.onnx_reader.external import numbers
from featherbone.nn.onnx_reader.recording import is_active
from featherbone.nn.onnx_reader.roles import FLOATS
from featherbone.nn.onnx_reader.written_out import READ, counting, repeated

if TYPE_CHECKING:
    from featherbone.nn.onnx_reader.replay import Replay

RECURRENT = ("LSTM", "GRU", "RNN")
TARGET = {"Reshape": 1, "Expand": 1, "Resize": 3}  # the input that says what is written
PRODUCTS = ("MatMul", "Gemm")
# What is joined with a map image by image.
BESIDE = ("Concat", "Add", "Sub", "Mul", "Div", "Sum", "Where", "Min", "Max", "Mean", "Pow", *PRODUCTS)


def fixed(inputs: Sequence[Any]) -> dict[str, Shape]:
    """The sizes that a file fixes for its inputs; an open one is 0."""
    return {info.name: tuple(side.dim_value for side in info.type.tensor_type.shape.dim) for info in inputs}


def recurrent(nodes: Sequence[Any]) -> bool:
    """Whether there are layers whose steps may come before the batch."""
    return any(node.op_type in RECURRENT for node in nodes)


def adapted(batch: Batch, node: Any, inputs: list[Any], attributes: Mapping[str, Any]) -> list[Any]:
    """What an operator reads, without the batch in its numbers.

    Raises:
        NoBatch: the operator mixes what would be images.
    """
    kind = node.op_type
    if not inputs or inputs[0] is None:
        return inputs
    if kind in RECURRENT:
        steps = 1 if attributes.get("layout", 0) else 0
        if _place(batch, node.input[0], inputs[0]) == steps:
            raise NoBatch
    if kind == "Tile" and isinstance(inputs[1], np.ndarray) and _place(batch, node.input[0], inputs[0]) is None:
        return [inputs[0], _sizes(batch.spread((1,) * len(inputs[1]), tuple(int(times) for times in inputs[1])))]
    target = TARGET.get(kind)
    if kind == "ConstantOfShape" and isinstance(inputs[0], np.ndarray):
        made = tuple(int(size) for size in inputs[0])
        sizes = len(made) == 1 and getattr(attributes.get("value"), "data_type", 1) not in FLOATS  # a shape itself
        return inputs if sizes else [_sizes(batch.first(made))]
    whole = batch.shapes.get(node.output[0])
    if target is None or len(inputs) <= target or not isinstance(inputs[target], np.ndarray) or whole is None:
        return inputs
    if kind == "Resize" and len(inputs[target]) != len(whole):
        return inputs
    shape = _target(batch, kind, node.input[0], inputs[0], whole)
    return [*inputs[:target], _sizes(shape), *inputs[target + 1 :]]


def joined(r: Replay, node: Any, inputs: list[Any]) -> list[Any]:
    """The inputs, of which a table that holds the same for each image, beside a map of images, is one image's."""
    batch = r.batch
    if batch is None or node.op_type not in BESIDE:
        return inputs
    behind = 0  # where the batch is, from the end
    for name, value in zip(node.input, inputs, strict=True):
        place = _place(batch, name, value) if is_active(value) else None
        behind = len(value.shape) - place if place is not None else behind
    rank = max((len(value.shape) for value in inputs if hasattr(value, "shape")), default=0)
    if node.op_type in PRODUCTS and not any(map(is_active, inputs)):
        behind = rank  # of a first state
    elif node.op_type in PRODUCTS and rank < 3:
        return inputs
    return [_one_of(r, one, len(one.shape) - behind) if behind and _is_table(one, rank) else one for one in inputs]


def unrepeated(r: Replay, table: Any) -> Any:
    """A table of one image where it says by itself that it repeats its numbers for each of them.

    An exporter that works out what does not depend on the images repeats a token that each of them gets.
    """
    if r.batch is None or not _is_table(table, len(table.shape)) or len(table.shape) < 2:
        return table
    sides = [side for side, size in enumerate(table.shape) if size == r.batch.size]
    values = _values(r, table) if sides else None
    if values is None or repeated(values.reshape(-1), 0):
        return table
    found = [side for side in sides if repeated(values, side)]
    return _cut(r, table, found[0]) if len(found) == 1 else table


def _is_table(value: Any, rank: int) -> bool:
    return type(value) in (np.ndarray, torch.Tensor) and len(value.shape) == rank


def _values(r: Replay, table: Any) -> Any:
    if isinstance(table, np.ndarray):
        return table
    _, tensor = r.origins.get(id(table), ("", None))
    return None if tensor is None or tuple(tensor.dims) != tuple(table.shape) else numbers(tensor, READ)


def _one_of(r: Replay, table: Any, side: int) -> Any:
    """A table's part of one image, where all parts are alike or count the images; else the whole table."""
    if r.batch is None or side < 0 or table.shape[side] != r.batch.size:
        return table
    values = _values(r, table)
    same = values is not None and (counting(values, side) or (values.ndim > 1 and repeated(values, side)))
    return _cut(r, table, side) if same else table


def _cut(r: Replay, table: Any, side: int) -> Any:
    """The first of what a table holds along a side."""
    if isinstance(table, np.ndarray):
        return table.take([0], axis=side)
    shape = (*table.shape[:side], 1, *table.shape[side + 1 :])
    key, _ = r.origins[id(table)]
    return r.parameter(key, shape) if id(table) in r.census.parameters else torch.empty(shape, device="meta")


def _place(batch: Batch, name: str, value: Any) -> int | None:
    """Where the batch is in a tensor; ``None`` where it has none."""
    now = tuple(value.shape)
    return batch.place(batch.shapes.get(name, now), now)


def _target(batch: Batch, kind: str, name: str, value: Any, whole: Shape) -> Shape:
    """The shape that an operator is to write, of one image."""
    place = _place(batch, name, value)
    if place is None:
        return batch.spread(tuple(value.shape), whole) if kind == "Expand" else whole
    if kind == "Reshape":
        return batch.reshaped(batch.shapes[name], place, whole)
    return batch.without(whole, place + len(whole) - len(value.shape))


def _sizes(shape: Shape) -> Any:
    return np.array(shape, dtype=np.int64)
