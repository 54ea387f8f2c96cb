"""What an operator writes: by its rule or, without one, by what ONNX's inference and the file say of its sizes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from featherbone.errors import FeatherboneError
from featherbone.graph.dimension import LARGEST, LARGEST_VOLUME
from featherbone.graph.operators import Opaque
from featherbone.nn.capture.call_arguments import ModelError
from featherbone.nn.capture.calls import NoRule
from featherbone.nn.capture.structure import each_tensor
from featherbone.nn.capture.traced import Traced
from featherbone.nn.onnx_reader.expansion import TooLarge
from featherbone.nn.onnx_reader.free import MOVES
from featherbone.nn.onnx_reader.inference import TORCH, Written
from featherbone.nn.onnx_reader.load import DOMAINS
from featherbone.nn.onnx_reader.nodes import label_of
from featherbone.nn.onnx_reader.operators import answer, cost_without_rule
from featherbone.nn.onnx_reader.scope import Scope

if TYPE_CHECKING:
    from featherbone.nn.onnx_reader.replay import Replay

ASKING = (
    "Expand",
    "Pad",
    "Reshape",
    "Slice",
    "Split",
    "Squeeze",
    "Tile",
    "Unsqueeze",
    "ReduceMax",
    "ReduceMean",
    "ReduceSum",
)
FLOAT32 = ("Resize", "Upsample")  # ONNX's inference multiplies their scales as no runtime does
MALFORMED = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    AssertionError,
    StopIteration,
)


def recorded(
    r: Replay,
    node: Any,
    inputs: list[Any],
    attributes: dict[str, Any],
    scope: Scope,
    written: list[Written],
    reason: str,
) -> tuple[list[Any], list[str]]:
    """What an operator writes, by its rule or, without one, by what ONNX and the file say of it.

    With each output comes the operator that its sizes are assumed behind; ``reason`` is that of the inputs.
    """
    if not any(map(is_active, each_tensor(inputs))):
        inputs = [r.source(value) if isinstance(value, torch.Tensor) else value for value in inputs]
    before = len(r.tracer.entries)
    try:
        made: list[Any] | None = list(
            each_tensor(answer(node.domain, node.op_type, r.tracer, list(inputs), attributes, len(node.output)))
        )
    except ModelError:
        if not reason:
            raise
        made = None
    except (NoRule, FeatherboneError, *MALFORMED):
        made = None
    stated = [r.open.fixed(scope.stated.get(name)) for name in node.output] if reason else []
    if made is None or not _believed(node, made, written, stated):
        del r.tracer.entries[before:]
        made = []
    reasons = [reason] * len(made)
    for place in range(len(made), len(node.output)):
        sure = stated[place] if reason else None
        shape, known = _sides(r, node, place, inputs, scope, written[place]) if sure is None else (sure, True)
        reasons.append(reason if known else reason or label_of(node))
        made.append(_without_rule(r, node, shape, inputs, made))
    if reason:
        _uncount(r, before, reason)
    return made, reasons


def without_recording(node: Any, inputs: list[Any], attributes: dict[str, Any]) -> list[Any] | None:
    """What needs no recording: the sides of a tensor, or their product, as numbers; a sequence as it is."""
    if node.domain not in DOMAINS or not inputs:
        return None
    if node.op_type == "Identity" and (inputs[0] is None or isinstance(inputs[0], list)):
        return [inputs[0]]
    if node.op_type not in ("Shape", "Size"):
        return None
    shape = tuple(inputs[0].shape)
    if node.op_type == "Size":
        return [np.array(prod(shape), dtype=np.int64)]
    return [np.array(shape[attributes.get("start", 0) : attributes.get("end")], dtype=np.int64)]


def _believed(node: Any, made: list[Any], written: list[Written], stated: Sequence[tuple[int, ...] | None]) -> bool:
    """Whether a rule's shapes can be true: they are those that ONNX infers, and, where that is asked, the file states.

    An operator that reads its axes or sizes is only believed where ONNX can infer them, as else no constant says them.
    """
    if node.domain in DOMAINS and node.op_type in ASKING and written[0].shape is None:
        return False
    if node.op_type in FLOAT32:
        return True
    shapes = [*zip(made, [known.shape for known in written], strict=False), *zip(made, stated, strict=False)]
    return all(shape is None or tuple(value.shape) == shape for value, shape in shapes)


def _without_rule(r: Replay, node: Any, shape: tuple[int, ...], inputs: list[Any], made: list[Any]) -> Traced:
    """An output that no rule gives: the first carries what the operator costs, the others read it."""
    label = label_of(node)
    if made:
        return r.tracer.opaque(f"{label}_result", (made[0],), shape, moves=True)
    tensors = [value for value in each_tensor(inputs) if isinstance(value, torch.Tensor)]
    moves = node.domain in DOMAINS and node.op_type in MOVES
    return r.tracer.opaque(label, tensors, shape, macs=cost_without_rule(node.domain, node.op_type), moves=moves)


def _sides(
    r: Replay, node: Any, place: int, inputs: list[Any], scope: Scope, written: Written
) -> tuple[tuple[int, ...], bool]:
    """The shape of an output, and whether it is known: by ONNX's inference, by the file, else the largest it can be."""
    name = node.output[place]
    stated = r.open.known(scope.stated.get(name))
    sides = written.sides
    if sides is None:
        sides = stated
    elif stated is not None and len(stated) == len(sides):
        sides = tuple(a if a is not None else b for a, b in zip(sides, stated, strict=True))
    first = next((tuple(value.shape) for value in inputs if hasattr(value, "shape")), ())
    if sides is None:
        return first, False
    volume = max(1, checked_volume(name, first))
    most = first if len(first) == len(sides) else (volume,) * len(sides)
    shape = tuple(b if a is None else a for a, b in zip(sides, most, strict=True))
    return shape, None not in sides


def _uncount(r: Replay, before: int, reason: str) -> None:
    """Products of sizes that are only assumed are not counted."""
    for entry in r.tracer.entries[before:]:
        if entry.macs:
            entry.operator, entry.macs = Opaque(label=entry.label, shape=entry.shape), None
            r.notes.append(f"the sizes that {reason} writes are not known, so products behind it are not counted")


def checked_volume(name: str, shape: tuple[int, ...]) -> int:
    volume = 1
    for size in shape:
        volume *= size
        if not 0 <= size <= LARGEST or volume > LARGEST_VOLUME:
            raise TooLarge(f"{name[:80]} has shape {shape[:8]}, which no tensor of a network has")
    return volume


def is_active(value: Any) -> bool:
    return type(value) is Traced and value.entry is not None


def typed(value: Any, kind: int) -> Any:
    """An activation with the element type that ONNX gives it, which rules do not always follow."""
    wanted = TORCH.get(kind)
    if not is_active(value) or wanted is None or value._type == wanted:
        return value
    return Traced.make(value._size, wanted, value._place, entry=value.entry)
