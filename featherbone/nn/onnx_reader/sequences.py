"""ONNX's sequences and optional values: lists of what they hold, as long as the graph makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from featherbone.nn.capture.call_arguments import axis
from featherbone.nn.capture.rules import combine, index
from featherbone.nn.onnx_reader.scope import Malformed, Scope

if TYPE_CHECKING:
    from featherbone.nn.onnx_reader.replay import Replay

Rule = Callable[["Replay", list[Any], dict[str, Any], Any], Any]


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed("a sequence operator reads no sequence")
    return value


def _place(inputs: list[Any], place: int, otherwise: int) -> int:
    """A position, which is a constant or, where the input says it, any."""
    value = inputs[place] if len(inputs) > place else None
    return int(value.reshape(-1)[0]) if isinstance(value, np.ndarray) and value.size else otherwise


def _insert(r: Replay, inputs: list[Any], a: dict[str, Any], node: Any) -> Any:
    made = list(_list(inputs[0]))
    made.insert(_place(inputs, 2, len(made)), inputs[1])
    return made


def _erase(r: Replay, inputs: list[Any], a: dict[str, Any], node: Any) -> Any:
    made = list(_list(inputs[0]))
    if made:
        del made[max(-len(made), min(_place(inputs, 1, -1), len(made) - 1))]
    return made


def _at(r: Replay, inputs: list[Any], a: dict[str, Any], node: Any) -> Any:
    values = _list(inputs[0])
    if not values:
        raise Malformed("SequenceAt reads an empty sequence")
    return values[max(-len(values), min(_place(inputs, 1, 0), len(values) - 1))]


def _split(r: Replay, inputs: list[Any], a: dict[str, Any], node: Any) -> Any:
    x = r.activation(inputs[0])
    place = axis(int(a.get("axis", 0)), len(x.shape))
    size = x.shape[place]
    if len(inputs) < 2 or inputs[1] is None:
        if a.get("keepdims", 1):
            return list(index.split(r.tracer, x, 1, place))
        return list(index.unbind(r.tracer, x, place))
    if isinstance(inputs[1], np.ndarray):
        parts = inputs[1].reshape(-1).tolist()
        return list(index.split(r.tracer, x, parts if inputs[1].ndim else int(parts[0]), place))
    return list(index.split(r.tracer, x, max(1, size // 2), place))


def _join(r: Replay, inputs: list[Any], a: dict[str, Any], node: Any) -> Any:
    values = [r.activation(value) for value in _list(inputs[0])]
    if not values:
        raise Malformed("ConcatFromSequence reads an empty sequence")
    return (combine.stack if a.get("new_axis", 0) else combine.concat)(r.tracer, values, int(a["axis"]))


def _passed(r: Replay, inputs: list[Any], a: dict[str, Any], node: Any) -> Any:
    return inputs[0] if inputs else None


def _holds(r: Replay, inputs: list[Any], a: dict[str, Any], node: Any) -> Any:
    return np.array(bool(inputs) and inputs[0] is not None)


RULES: dict[str, Rule] = {
    "SequenceEmpty": lambda r, inputs, a, node: [],
    "SequenceConstruct": lambda r, inputs, a, node: list(inputs),
    "SequenceInsert": _insert,
    "SequenceErase": _erase,
    "SequenceAt": _at,
    "SequenceLength": lambda r, inputs, a, node: np.array(len(_list(inputs[0])), dtype=np.int64),
    "SplitToSequence": _split,
    "ConcatFromSequence": _join,
    "Optional": _passed,
    "OptionalGetElement": _passed,
    "OptionalHasElement": _holds,
}


def _control(rule: Rule) -> Callable[[Replay, Any, list[Any], dict[str, Any], Scope], None]:
    def run(r: Replay, node: Any, inputs: list[Any], a: dict[str, Any], scope: Scope) -> None:
        reason = next((why for why in map(scope.reason, node.input) if why), "")
        positions = inputs[1:] if node.op_type in ("SequenceAt", "SequenceErase", "SplitToSequence") else []
        if any(isinstance(value, torch.Tensor) for value in positions):
            reason = reason or node.op_type
        scope.set(node.output[0], rule(r, inputs, a, node), 0, reason)

    return run


SEQUENCES = {kind: _control(rule) for kind, rule in RULES.items()}
