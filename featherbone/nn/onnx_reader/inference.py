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


def infer(node: Any, inputs: Sequence[Any], kinds: Sequence[int], opsets: Mapping[str, int]) -> list[Written]:
    """What each output of a node is, as far as ONNX knows; of operators that it does not have, nothing.

    Raises:
        Misfit: the operator does not take inputs of these shapes.
    """
    from onnx import checker, defs, shape_inference

    domain = "" if node.domain in DOMAINS else node.domain
    nothing = [UNKNOWN] * len(node.output)
    if node.op_type == "Einsum":  # ONNX's never ends on some damaged equations, and our own rule knows the shape
        return nothing
    try:
        schema = defs.get_schema(node.op_type, opsets.get(domain, 0), domain)
    except defs.SchemaError:
        return nothing
    types, constants = {}, {}
    for name, value, kind in zip(node.input, inputs, kinds, strict=True):
        if not name:
            continue
        if value is None or isinstance(value, (list, tuple)):
            return nothing
        types[name] = _type(kind, tuple(value.shape))
        sizes = isinstance(value, np.ndarray) and (value.dtype.kind in "iu" or node.op_type in BY_FLOATS)
        if sizes and value.size <= TOLD:
            constants[name] = _constant(value, kind)
    try:
        found = shape_inference.infer_node_outputs(
            schema, node, types, constants, opset_imports=_imports(tuple(opsets.items()))
        )
    except (shape_inference.InferenceError, checker.ValidationError, *FOREIGN) as error:
        # Sizes do not hang on types, which of fused operators are not known; runtimes take [5] for 5 as a Range's end.
        if "type" in str(error) or node.op_type == "Range":
            return nothing
        raise Misfit(_sentence(error)) from None
    return [_written(found.get(name)) for name in node.output]


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


@lru_cache(maxsize=4096)  # networks repeat their shapes
def _type(kind: int, shape: tuple[int, ...]) -> Any:
    from onnx import helper

    return helper.make_tensor_type_proto(kind or 1, shape)


@lru_cache(maxsize=16)
def _imports(opsets: tuple[tuple[str, int], ...]) -> Any:
    from onnx import helper

    return [helper.make_opsetid(domain, version) for domain, version in opsets]


def _constant(value: Any, kind: int) -> Any:
    from onnx import helper, numpy_helper

    if kind in TORCH and kind != 16:
        value = value.astype(helper.tensor_dtype_to_np_dtype(kind), copy=False)
    return numpy_helper.from_array(np.ascontiguousarray(value).reshape(value.shape))


def _sentence(error: Exception) -> str:
    """The first line of the error, without the place in ONNX's source."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line.removeprefix("[ShapeInferenceError] ").removeprefix("[TypeInferenceError] ")[:160]
