"""What ONNX's own shape inference says of one operator, given the sizes and constants that really reach it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from featherbone.nn.onnx_reader.load import DOMAINS

BY_FLOATS = ("Resize", "Upsample", "Range")  # operators whose sizes hang on numbers that need not be whole
MOST_KEPT = 4096  # bytes of attributes: a node with more is asked about anew each time
TOLD = 1024  # elements: constants up to here are told to the inference, as a reshape's target is

FOREIGN = (RuntimeError, ValueError, TypeError, KeyError, IndexError)  # what ONNX raises at damaged nodes

TORCH = {
    1: torch.float32,
    2: torch.uint8,
    3: torch.int8,
    5: torch.int16,
    6: torch.int32,
    7: torch.int64,
    9: torch.bool,
    10: torch.float16,
    11: torch.float64,
    14: torch.complex64,
    16: torch.bfloat16,
}
"""ONNX's numbers of element types, and torch's types."""

NUMBERS = {kind: number for number, kind in TORCH.items()}


class Misfit(Exception):
    """ONNX's own inference says that an operator does not fit what it reads."""


@dataclass(frozen=True, slots=True)
class Written:
    """What an operator writes: its element type (0: unknown), and its sides, each ``None`` where it is not known.

    ``sides`` is ``None`` where not even their number is known.
    """

    kind: int = 0
    sides: tuple[int | None, ...] | None = None

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The whole shape; ``None`` where a side of it is not known."""
        if self.sides is None or None in self.sides:
            return None
        return tuple(size for size in self.sides if size is not None)


UNKNOWN = Written()

# An input's element type and shape, and of a small constant the numbers: their type and bytes.
Read = tuple[int, tuple[int, ...], tuple[str, bytes] | None]


def infer(node: Any, inputs: Sequence[Any], kinds: Sequence[int], opsets: Mapping[str, int]) -> list[Written]:
    """What each output of a node is, as far as ONNX knows; of operators that it does not have, nothing.

    Raises:
        Misfit: the operator does not take inputs of these shapes.
    """
    kind_of_node, outputs = node.op_type, len(node.output)
    if kind_of_node == "Einsum":  # ONNX's never ends on some damaged equations, and our own rule knows the shape
        return [UNKNOWN] * outputs
    read: list[Read | None] = []
    for name, value, kind in zip(node.input, inputs, kinds, strict=True):
        if not name:
            read.append(None)
        elif value is None or isinstance(value, (list, tuple)):
            return [UNKNOWN] * outputs
        else:
            sizes = isinstance(value, np.ndarray) and (value.dtype.kind in "iu" or kind_of_node in BY_FLOATS)
            told = (value.dtype.str, value.tobytes()) if sizes and value.size <= TOLD else None
            read.append((kind, tuple(value.shape), told))
    domain = "" if node.domain in DOMAINS else node.domain
    attributes = tuple(attribute.SerializeToString(deterministic=True) for attribute in node.attribute)
    asked = _asked if sum(map(len, attributes)) <= MOST_KEPT else _asked.__wrapped__
    named = tuple(map(bool, node.output))
    return list(asked(domain, kind_of_node, attributes, tuple(read), named, tuple(opsets.items())))


@lru_cache(maxsize=4096)  # networks repeat their blocks, and people profile a network more than once
def _asked(
    domain: str,
    kind: str,
    attributes: tuple[bytes, ...],
    read: tuple[Read | None, ...],
    named: tuple[bool, ...],
    opsets: tuple[tuple[str, int], ...],
) -> tuple[Written, ...]:
    """What ONNX says of a node without the names of its file; ``named`` are the outputs that somebody wants."""
    from onnx import checker, defs, helper, shape_inference

    nothing = (UNKNOWN,) * len(named)
    try:
        schema = defs.get_schema(kind, dict(opsets).get(domain, 0), domain)
    except defs.SchemaError:
        return nothing
    given = {f"in{place}": one for place, one in enumerate(read) if one is not None}
    inputs = [f"in{place}" if f"in{place}" in given else "" for place in range(len(read))]
    outputs = [f"out{place}" if wanted else "" for place, wanted in enumerate(named)]
    node = helper.make_node(kind, inputs, outputs, domain=domain)
    for attribute in attributes:
        node.attribute.add().ParseFromString(attribute)
    types = {name: helper.make_tensor_type_proto(number or 1, shape) for name, (number, shape, _) in given.items()}
    constants = {name: _constant(number, shape, told) for name, (number, shape, told) in given.items() if told}
    try:
        found = shape_inference.infer_node_outputs(schema, node, types, constants, opset_imports=_imports(opsets))
    except (shape_inference.InferenceError, checker.ValidationError, *FOREIGN) as error:
        # Sizes do not hang on types, which of fused operators are not known; runtimes take [5] for 5 as a Range's end.
        if "type" in str(error) or kind == "Range":
            return nothing
        raise Misfit(_sentence(error)) from None
    return tuple(_written(found.get(name)) for name in outputs)


def _written(found: Any) -> Written:
    if found is None or not found.HasField("tensor_type"):
        return UNKNOWN
    tensor = found.tensor_type
    if not tensor.HasField("shape"):
        return Written(tensor.elem_type)
    sides = [
        side.dim_value if side.HasField("dim_value") and side.dim_value >= 0 else None for side in tensor.shape.dim
    ]
    return Written(tensor.elem_type, tuple(sides))


@lru_cache(maxsize=16)
def _imports(opsets: tuple[tuple[str, int], ...]) -> Any:
    from onnx import helper

    return [helper.make_opsetid(domain, version) for domain, version in opsets]


def _constant(kind: int, shape: tuple[int, ...], told: tuple[str, bytes]) -> Any:
    from onnx import helper, numpy_helper

    value = np.frombuffer(told[1], dtype=told[0]).reshape(shape)
    if kind in TORCH and kind != 16:
        value = value.astype(helper.tensor_dtype_to_np_dtype(kind), copy=False)
    return numpy_helper.from_array(value)


def _sentence(error: Exception) -> str:
    """The first line of the error, without the place in ONNX's source."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line.removeprefix("[ShapeInferenceError] ").removeprefix("[TypeInferenceError] ")[:160]
