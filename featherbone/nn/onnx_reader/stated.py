"""Shapes that an ONNX file states, beside those of our rules: where they differ, the count is in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def differs(info: Any, shape: Sequence[int]) -> bool:
    """Whether a size that the file states as a number is not the one in ``shape``; open sizes fit any.

    >>> from onnx import TensorProto, helper
    >>> stated = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 8, 14, 14])
    >>> differs(stated, (1, 8, 14, 14)), differs(stated, (1, 8, 13, 13)), differs(stated, (8, 14, 14))
    (False, True, True)
    """
    sides = info.type.tensor_type.shape.dim
    if [side.dim_value for side in sides] == [*shape]:
        return False  # as nearly always, and messages are slow to look into
    return len(sides) != len(shape) or any(
        side.HasField("dim_value") and side.dim_value >= 0 and side.dim_value != size
        for side, size in zip(sides, shape, strict=True)
    )


def doubt(info: Any, kind: str, shape: Sequence[int]) -> str:
    """The sentence that says so."""
    sides = "×".join(str(side.dim_value or side.dim_param or "?") for side in info.type.tensor_type.shape.dim)
    ours = "×".join(map(str, shape))
    return (
        f"{kind} writes {info.name[:80]} as {ours or 'one number'} by our rules, and the file states "
        f"{sides or 'one number'}: the count is not complete"
    )
