"""ONNX operators that only arrange elements: each by the rule that answers its PyTorch counterpart."""

from __future__ import annotations

from typing import Any

import numpy as np

from featherbone.nn.capture.call_arguments import axis, broadcast, is_activation
from featherbone.nn.capture.calls import NoRule
from featherbone.nn.capture.rules import arrange, attention, index
from featherbone.nn.capture.tracer import Tracer
from featherbone.nn.onnx_reader.folding import axes_of, slices


def reshape(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x = inputs[0]
    wanted = inputs[1].reshape(-1).tolist() if len(inputs) > 1 else list(a["shape"])
    if a.get("allowzero", 0) and 0 in wanted:
        raise NoRule  # a tensor without elements
    return arrange.reshape(t, x, [x.shape[place] if size == 0 else int(size) for place, size in enumerate(wanted)])


def flatten(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x = inputs[0]
    cut = axis(a.get("axis", 1), len(x.shape))
    return arrange.reshape_to(t, x, (x.shape[:cut].numel(), x.shape[cut:].numel()))


def squeeze(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    return arrange.squeeze(t, inputs[0], axes_of(inputs, a))


def unsqueeze(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x, axes = inputs[0], axes_of(inputs, a) or []
    rank = len(x.shape) + len(axes)
    for place in sorted(axis(one, rank) for one in axes):
        x = arrange.unsqueeze(t, x, place)
    return x


def split(t: Tracer, inputs: list[Any], a: dict[str, Any], outputs: int) -> Any:
    x, place = inputs[0], a.get("axis", 0)
    size = x.shape[place]
    if len(inputs) > 1 and inputs[1] is not None:
        parts = inputs[1].reshape(-1).tolist()
    else:
        each = -(-size // outputs)
        parts = list(a.get("split", [min(each, size - each * part) for part in range(outputs)]))
    return index.split(t, x, parts, place)


def slicing(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    x = inputs[0]
    ranges = [slice(None)] * len(x.shape)
    for place, start, stop, step in slices(inputs, a):
        if step < 1:
            raise NoRule
        ranges[place] = slice(start, stop, step)
    return index.getitem(t, x, tuple(ranges))


def gather(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    table, places = inputs
    dim = axis(a.get("axis", 0), len(table.shape))
    if isinstance(table, np.ndarray):
        return _picked(t, inputs, dim)
    if not is_activation(table):
        return attention.embedding(t, places, table) if dim == 0 and len(table.shape) == 2 else _picked(t, inputs, dim)
    if isinstance(places, np.ndarray) and places.ndim == 0:
        return index.select(t, table, dim, int(places))
    if isinstance(places, np.ndarray) and (dim, places.ndim) == (1, 1) and index.is_order(table, places.tolist()):
        return index.reorder(t, table, places.tolist())
    return _picked(t, inputs, dim)


def _picked(t: Tracer, inputs: list[Any], dim: int) -> Any:
    table, places = inputs
    full = (*table.shape[:dim], *places.shape, *table.shape[dim + 1 :])
    return t.opaque("gather", [value for value in inputs if not isinstance(value, np.ndarray)], full)


def expand(t: Tracer, inputs: list[Any], a: dict[str, Any]) -> Any:
    return t.opaque("expand", (inputs[0],), broadcast(inputs[0].shape, tuple(inputs[1].tolist())), moves=True)
