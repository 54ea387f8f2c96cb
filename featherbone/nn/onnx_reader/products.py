"""ONNX operators that multiply matrices: dense layers, also in whole numbers, and attention; rarer convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from featherbone.graph.operators import Linear
from featherbone.nn.capture.call_arguments import ModelError, broadcast, is_batched
from featherbone.nn.capture.rules import matrix
from featherbone.nn.capture.tracer import Tracer

Attributes = dict[str, Any]


def gemm(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    x, weight, *bias = inputs
    third = bias[0] if bias else None
    if a.get("transA", 0):
        columns, rows = tuple(weight.shape)[::-1] if a.get("transB", 0) else tuple(weight.shape)
        if x.shape[0] != columns:
            raise ModelError(f"a linear layer takes {columns} features and is given {x.shape[0]}")
        full = (x.shape[1], rows)
        return t.opaque("linear", tensors_in([x, weight, third]), full, macs=prod(full) * columns)
    return linear(t, x, weight, third, transposed=bool(a.get("transB", 0)))


def linear(t: Tracer, x: Any, weight: Any, bias: Any, *, transposed: bool) -> Any:
    names = [t.parameter(weight), *([] if bias is None else [t.parameter(bias)])]
    rows, columns = weight.shape if transposed else tuple(weight.shape)[::-1]
    if x.shape[-1] != columns:
        raise ModelError(f"a linear layer takes {columns} features and is given {x.shape[-1]}")
    if is_batched(x) and len(x.shape) == 2 and None not in names and x.shape[1] == columns:
        operator = Linear(out_features=rows, bias=bias is not None)
        weights = tuple(name for name in names if name is not None)
        return t.emit(operator, (x,), "linear", weights=weights, macs=rows * columns)
    full = (*x.shape[:-1], rows)
    return t.opaque("linear", tensors_in([x, weight, bias]), full, macs=rows * columns * prod(x.shape[:-1]))


def matmul(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    x, other = inputs[:2]
    if t.parameter(other) is not None and len(other.shape) == 2:
        return linear(t, x, other, None, transposed=False)
    return matrix.matmul(t, x, other)


def turned_matmul(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    """FusedMatMul: a product of matrices whose axes may change places first."""
    x, other = inputs[:2]
    if not any(a.get(name, 0) for name in ("transA", "transB", "transBatchA", "transBatchB")):
        return matmul(t, inputs, a)
    left = _turned(x, a.get("transA", 0), a.get("transBatchA", 0))
    right = _turned(other, a.get("transB", 0), a.get("transBatchB", 0))
    if left[-1] != right[-2]:
        raise ModelError(f"matrices of shapes {left} and {right} do not fit")
    full = (*broadcast(left[:-2], right[:-2], ()), left[-2], right[-1])
    return t.opaque("matmul", tensors_in([x, other]), full, macs=prod(full) * left[-1])


def _turned(value: Any, turn: int, batch: int) -> tuple[int, ...]:
    """A shape whose first axis goes behind the batches, and whose last two axes change places, as is asked."""
    shape = tuple(value.shape)
    if batch:
        shape = (*shape[1:-1], shape[0], shape[-1])
    return (*shape[:-2], shape[-1], shape[-2]) if turn else shape


def attention(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    """Attention of opset 23: scores of every query with every key, then their mean of the values, for each head."""
    query, key, value, _, past, *_ = [*inputs, None, None]
    reach = key.shape[-2] + (0 if past is None else past.shape[2])
    if len(query.shape) == 3:
        heads = int(a["q_num_heads"])
        each, given = query.shape[2] // heads, value.shape[2] // int(a.get("kv_num_heads", heads))
        full = (*query.shape[:2], heads * given)
    else:
        heads, each, given = query.shape[1], query.shape[3], value.shape[3]
        full = (*query.shape[:3], given)
    length = query.shape[-2]
    macs = query.shape[0] * heads * length * reach * (each + given)
    return t.opaque("attention", tensors_in(inputs), full, macs=macs)


def linear_attention(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    """A state that each token adds a key times a value to, and each query is multiplied with."""
    query, key, value = inputs[:3]
    heads, groups = int(a["q_num_heads"]), int(a["kv_num_heads"])
    each, given = key.shape[2] // groups, value.shape[2] // groups
    writes = 2 if "delta" in a.get("update_rule", "gated_delta") else 1  # it also asks the state for the old value
    macs = prod(query.shape[:2]) * (groups * writes + heads) * each * given
    return t.opaque("linear_attention", tensors_in(inputs), (*query.shape[:2], heads * given), macs=macs)


def causal_convolution(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    x, weight = inputs[:2]
    return t.opaque("causal_conv", tensors_in(inputs), x.shape, macs=prod(x.shape) * weight.shape[2])


def deformable_convolution(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    """A convolution at places that another input says: one multiply-add for each weight, as torchvision's."""
    x, weight, offset = inputs[:3]
    full = (x.shape[0], weight.shape[0], *offset.shape[2:])
    return t.opaque("deform_conv", tensors_in(inputs), full, macs=prod(full) * prod(weight.shape[1:]))


def linear_model(t: Tracer, inputs: list[Any], a: Attributes) -> Any:
    """ai.onnx.ml's LinearRegressor: its coefficients stand in an attribute."""
    x, targets = inputs[0], int(a.get("targets", 1))
    rows = x.shape[0] if len(x.shape) > 1 else 1
    return t.opaque("linear_regressor", (x,), (rows, targets), macs=rows * len(a["coefficients"]))


def tensors_in(values: Sequence[Any]) -> list[Any]:
    """The activations and weights among an operator's inputs."""
    return [value for value in values if value is not None and not isinstance(value, np.ndarray)]
