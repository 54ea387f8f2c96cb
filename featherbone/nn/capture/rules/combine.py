"""Two or more tensors together: add, multiply and concat are of the vocabulary where the shapes allow it."""

from __future__ import annotations

from typing import Any

import torch

from featherbone.graph.operators import Add, Concat, Multiply
from featherbone.nn.capture.call_arguments import axis, broadcast, is_activation, is_batched
from featherbone.nn.capture.calls import NoRule, Rule
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.tracer import Tracer

ADD, MULTIPLY, CONCAT = Add(), Multiply(), Concat()


def add(tracer: Tracer, input: Any, other: Any, alpha: Any = 1) -> Traced:
    if is_batched(input) and is_batched(other) and alpha == 1 and input._size == other._size:
        return tracer.emit(ADD, (input, other), "add", full=input._size)
    return _opaque(tracer, "add", input, other)


def multiply(tracer: Tracer, input: Any, other: Any) -> Traced:
    if is_batched(input) and is_batched(other) and len(input._size) == len(other._size):
        full = broadcast(input._size, other._size)
        return tracer.emit(MULTIPLY, (input, other), "multiply", full=full)
    return _opaque(tracer, "multiply", input, other)


def concat(tracer: Tracer, tensors: Any, dim: int = 0) -> Traced:
    if dim == 1 and all(map(is_batched, tensors)):
        return tracer.emit(CONCAT, tuple(tensors), "concat")
    given = [tensor for tensor in tensors if tracer.size_of(tensor) != (0,)] or list(tensors)
    place = axis(dim, len(tracer.size_of(given[0])))
    if place == 1 and all(map(is_batched, given)):
        return tracer.emit(CONCAT, tuple(given), "concat")
    full = list(given[0].shape)
    full[place] = sum(tensor.shape[place] for tensor in given)
    if any(len(tensor.shape) != len(full) for tensor in given):
        raise NoRule
    return tracer.opaque("concat", given, full)


def stack(tracer: Tracer, tensors: Any, dim: int = 0) -> Traced:
    shape = list(tensors[0].shape)
    place = axis(dim, len(shape) + 1)
    return tracer.opaque("stack", list(tensors), [*shape[:place], len(tensors), *shape[place:]])


def copied_into(tracer: Tracer, input: Any, source: Any, non_blocking: bool = False) -> Traced:
    """``input.copy_(source)``: the values of one in the place of the other."""
    return tracer.opaque("copy", (source,), input.shape, dtype=input.dtype, moves=True)


def binary(label: str, dtype: torch.dtype | None = None) -> Rule:
    """A rule for a free element-wise function of two or three operands."""

    def rule(tracer: Tracer, *operands: Any, **settings: Any) -> Traced:
        return _opaque(tracer, label, *operands, dtype=dtype)

    return rule


def _opaque(tracer: Tracer, label: str, *operands: Any, dtype: torch.dtype | None = None) -> Traced:
    tensors = [operand for operand in operands if isinstance(operand, torch.Tensor)]
    if dtype is None:
        kinds = [tensor.dtype for tensor in tensors if is_activation(tensor) or tensor.dtype.is_floating_point]
        dtype = next((kind for kind in kinds if kind.is_floating_point), kinds[0])
        if not dtype.is_floating_point and (
            label == "divide" or any(isinstance(operand, float) for operand in operands)
        ):
            dtype = torch.get_default_dtype()
    return tracer.opaque(label, tensors, broadcast(*[tensor.shape for tensor in tensors]), dtype=dtype)


COMPARE = ["eq", "ne", "lt", "le", "gt", "ge", "greater", "less", "logical_and", "logical_or", "logical_xor"]

RULES: dict[str, Rule] = {
    "add": add,
    "mul": multiply,
    "multiply": multiply,
    "cat": concat,
    "concat": concat,
    "concatenate": concat,
    "stack": stack,
    "copy": copied_into,
    "sub": binary("subtract"),
    "subtract": binary("subtract"),
    "div": binary("divide"),
    "divide": binary("divide"),
    "true_divide": binary("divide"),
    **{name: binary(name) for name in ("pow", "maximum", "minimum", "floor_divide", "remainder", "addcmul", "lerp")},
    **{name: binary(name, torch.bool) for name in COMPARE},
}
