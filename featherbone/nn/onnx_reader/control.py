"""ONNX operators that run a body: ``If``, ``Loop``, ``Scan``, ``SequenceMap``, and functions that the file defines.

A body is replayed like the graph around it. ``If`` counts the branch that a constant chooses, else the dearest;
``Loop`` and ``Scan`` count their body as often as it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from featherbone.nn.capture.call_arguments import axis
from featherbone.nn.capture.traced import Traced
from featherbone.nn.capture.work import Work, dearest_note, standing_for, taken
from featherbone.nn.onnx_reader.expansion import check_turns
from featherbone.nn.onnx_reader.inference import TORCH
from featherbone.nn.onnx_reader.load import versions
from featherbone.nn.onnx_reader.recording import is_active
from featherbone.nn.onnx_reader.scope import Malformed, Scope, stated_in
from featherbone.nn.onnx_reader.sequences import SEQUENCES

if TYPE_CHECKING:
    from featherbone.nn.onnx_reader.replay import Replay

MOST_UNROLLED = 64  # passes of a loop that are replayed one by one

Value = tuple[Any, int, str]
"""What a name of a body is: the value, ONNX's number of its type, and the operator that it is assumed behind."""

Control = Callable[["Replay", Any, list[Any], dict[str, Any], Scope], None]


def called(r: Replay, function: Any, node: Any, inputs: Sequence[Any], scope: Scope) -> None:
    """A call of a function that the file defines: its body on these inputs, as if it stood here."""
    attributes = {one.name: one for one in (*function.attribute_proto, *node.attribute)}
    stated = {info.name: info for info in function.value_info if info.type.tensor_type.HasField("shape")}
    inner = Scope(stated=stated, path=f"{function.name}.", attributes=attributes)
    names = [*node.input, *[""] * (len(function.input) - len(node.input))]
    for own, name in zip(function.input, names, strict=True):
        inner.set(own, scope.find(name), scope.kind(name), scope.reason(name))
    around = r.opsets
    r.opsets = {**around, **versions(function.opset_import)}
    r.run(function.node, inner)
    r.opsets = around
    for name, own in zip(node.output, function.output, strict=False):
        scope.set(name, inner.find(own), inner.kind(own), inner.reason(own))


def _body(r: Replay, graph: Any, node: Any, scope: Scope, given: Sequence[tuple[Any, int, str]] = ()) -> Scope:
    """Replay a body on these inputs: (value, kind, reason)."""
    inner = scope.inside(stated_in(graph), f"{scope.path}{node.name or node.output[0]}.{graph.name}.")
    r.initialise(graph, inner)
    for info, (value, kind, reason) in zip(graph.input, given, strict=False):
        inner.set(info.name, value, kind, reason)
    r.turned += len(graph.node)
    check_turns(r.turned)
    r.run(graph.node, inner)
    return inner


def _results(graph: Any, inner: Scope) -> list[Value]:
    return [(inner.find(info.name), inner.kind(info.name), inner.reason(info.name)) for info in graph.output]


def _bind(
    r: Replay, scope: Scope, node: Any, values: Sequence[Any], kinds: Sequence[int], reasons: Sequence[str]
) -> None:
    for name, value, kind, reason in zip(node.output, values, kinds, reasons, strict=False):
        sure = r.open.fixed(scope.stated.get(name)) if reason else None
        if sure is not None and is_active(value):
            value = r.tracer.opaque(f"{node.op_type}_result", (value,), sure, moves=True, dtype=value.dtype)
            reason = ""
        scope.set(name, value, kind, reason)


def branches(r: Replay, node: Any, inputs: list[Any], a: dict[str, Any], scope: Scope) -> None:
    """``If``: the branch that a constant chooses; else both, of which the dearest counts."""
    condition = inputs[0]
    if isinstance(condition, np.ndarray) and condition.size == 1 and not scope.reason(node.input[0]):
        graph = a["then_branch" if condition.reshape(-1)[0] else "else_branch"]
        for name, result in zip(node.output, _results(graph, _body(r, graph, node, scope)), strict=False):
            scope.set(name, *result)
        return
    works, found = [], []
    for key in ("then_branch", "else_branch"):
        start = len(r.tracer.entries)
        found.append(_results(a[key], _body(r, a[key], node, scope)))
        works.append(taken(r.tracer, start))
    first, second = works
    dearest = found[0] if (first.macs or 0) >= (second.macs or 0) else found[1]
    r.notes += dearest_note(f"If {node.name or node.output[0]}", works)
    values: list[Any] = []
    reasons = []
    for this, that, chosen in zip(*found, dearest, strict=True):
        value, same = _joined(r, this[0], that[0], chosen[0])
        values.append(value)
        reasons.append(this[2] or that[2] or ("" if same else "If"))
    made = standing_for(r.tracer, "If", first.either(second), values)
    _bind(r, scope, node, made, [one[1] for one in dearest], reasons)


def _joined(r: Replay, this: Any, that: Any, chosen: Any) -> tuple[Any, bool]:
    """What one of two values may be, and whether its shape is known: a constant only where both are the same one."""
    if isinstance(this, np.ndarray) and isinstance(that, np.ndarray):
        if this.shape == that.shape and (this == that).all():
            return this, True
        return r.tracer.opaque("constant", (), chosen.shape, dtype=torch.int64), this.shape == that.shape
    same = getattr(this, "shape", None) == getattr(that, "shape", None)
    return chosen, same or isinstance(chosen, list)


Step = Callable[[Any, list[Value]], list[Value]]


def loop(r: Replay, node: Any, inputs: list[Any], a: dict[str, Any], scope: Scope) -> None:
    """``Loop``: pass by pass, or once and multiplied where it runs often and every pass is the same."""
    graph = a["body"]
    limit = _limit(inputs[0], scope.reason(node.input[0]))
    going = True if len(inputs) < 2 or inputs[1] is None else _truth(inputs[1])
    states = [
        (value, scope.kind(name), scope.reason(name)) for value, name in zip(inputs[2:], node.input[2:], strict=True)
    ]
    carried = len(states)

    def step(turn: Any, states: list[Value]) -> list[Value]:
        return _results(graph, _body(r, graph, node, scope, [(turn, 7, ""), (np.array(True), 9, ""), *states]))

    start = len(r.tracer.entries)
    often = limit is not None and MOST_UNROLLED < limit < inf and going is True
    if often:
        passes, states, rows = _repeated(r, step, states, int(limit or 0))
    else:
        passes, states, rows = _unrolled(step, states, limit, going)
    work = taken(r.tracer, start)
    if often or passes is None:
        work = work.times(passes)
    reason = "" if passes is not None else "Loop"
    results = [*states, *_stacked(r, graph.output[1 + carried :], rows, passes, work)]
    made = standing_for(r.tracer, "Loop", work, [value for value, _, _ in results])
    _bind(r, scope, node, made, [kind for _, kind, _ in results], [why or reason for _, _, why in results])


def _unrolled(
    step: Step, states: list[Value], limit: float | None, going: bool | None
) -> tuple[int | None, list[Value], list[list[Value]]]:
    """(how many passes there are, or ``None``; the states after them; what each pass adds to the outputs)."""
    passes, carried = 0, len(states)
    rows: list[list[Value]] = []
    while going is not False and (limit is None or passes < limit):
        if passes == MOST_UNROLLED:
            return None, states, rows
        results = step(np.array(passes, dtype=np.int64), states)
        states, passes = results[1 : 1 + carried], passes + 1
        rows.append(results[1 + carried :])
        if limit is None or going is None:
            return None, states, rows
        going = _truth(results[0][0])
        if going is None and passes < limit:
            return None, states, rows
    return passes, states, rows


def _repeated(
    r: Replay, step: Step, states: list[Value], limit: int
) -> tuple[int | None, list[Value], list[list[Value]]]:
    """The same as ``_unrolled`` returns, from a single pass; the number of passes is known only where all are alike."""
    turn = r.tracer.opaque("iteration", (), (), dtype=torch.int64)
    results = step(turn, states)
    after = results[1 : 1 + len(states)]
    same = _truth(results[0][0]) is True and _alike(states, after)
    return (limit if same else None), after, [results[1 + len(states) :]]


def _alike(before: list[Value], after: list[Value]) -> bool:
    """Whether a pass leaves every state as large as it was, and every constant the same."""
    for (this, _, _), (that, _, _) in zip(before, after, strict=True):
        if isinstance(this, (list, np.ndarray)) and this is not that:
            return False
        if getattr(this, "shape", None) != getattr(that, "shape", None):
            return False
    return True


def _limit(value: Any, reason: str) -> float | None:
    """How many passes there are at most; ``None`` where that is not known."""
    if value is None:
        return inf
    return float(value.reshape(-1)[0]) if isinstance(value, np.ndarray) and value.size == 1 and not reason else None


def _truth(value: Any) -> bool | None:
    """A condition that is a constant; ``None`` for any other."""
    return bool(value.reshape(-1)[0]) if isinstance(value, np.ndarray) and value.size == 1 else None


def _stacked(r: Replay, infos: Any, rows: list[list[Value]], passes: int | None, work: Work) -> list[Value]:
    """What the passes add to each output, behind each other."""
    made: list[Value] = []
    for place, info in enumerate(infos):
        count = len(rows) if passes is None else passes
        if not rows:
            sides = [max(0, side.dim_value) for side in info.type.tensor_type.shape.dim]
            made.append((r.tracer.opaque("constant", (), (0, *sides), moves=True), info.type.tensor_type.elem_type, ""))
            continue
        values = [row[place][0] for row in rows]
        _, kind, reason = rows[-1][place]
        if len(rows) == count and all(isinstance(value, np.ndarray) for value in values):
            made.append((np.stack(values), kind, reason))
            continue
        last = values[-1]
        made.append((_longer(r, last, (count, *last.shape), work), kind, reason))
    return made


def _longer(r: Replay, value: Any, shape: tuple[int, ...], work: Work) -> Any:
    """A value of a body as what all of its passes make of it."""
    if type(value) is Traced and value.entry in work.inside:
        return Traced.make(shape, value._type, r.tracer.device, entry=value.entry)
    return r.tracer.opaque("stack", [value] if isinstance(value, torch.Tensor) else (), shape, moves=True)


def scan(r: Replay, node: Any, inputs: list[Any], a: dict[str, Any], scope: Scope) -> None:
    """``Scan``: its body once, for as many steps as the sequences are long."""
    graph, count = a["body"], int(a["num_scan_inputs"])
    names, old = list(node.input), r.opsets.get("", 0) < 9  # then with lengths in front, and batches
    if old:
        inputs, names = inputs[1:], names[1:]
    carried = len(inputs) - count
    lead = 1 if old else 0
    start = len(r.tracer.entries)
    given: list[Value] = []
    length, batch = 1, 1
    for place, (value, name) in enumerate(zip(inputs, names, strict=True)):
        shape = tuple(value.shape)
        batch = shape[0] if old else 1
        if place >= carried:
            axes = a.get("scan_input_axes", [0] * count)
            along = lead or axis(int(axes[place - carried]), len(shape))
            length = shape[along]
            shape = (*shape[lead:along], *shape[along + 1 :])
        else:
            shape = shape[lead:]
        read = [value] if isinstance(value, torch.Tensor) else ()
        kind = scope.kind(name)
        made = r.tracer.opaque("step", read, shape, dtype=TORCH.get(kind, torch.float32), moves=True)
        given.append((made, kind, scope.reason(name)))
    results = _results(graph, _body(r, graph, node, scope, given))
    work = taken(r.tracer, start).times(length * batch)
    axes = a.get("scan_output_axes", [0] * len(results))
    values = []
    for place, (value, _, _) in enumerate(results):
        shape = tuple(value.shape)
        if place >= carried:
            along = axis(int(axes[place - carried]), len(shape) + 1)
            shape = (*shape[:along], length, *shape[along:])
        values.append(_longer(r, value, (batch, *shape) if old else shape, work))
    made_of = standing_for(r.tracer, "Scan", work, values)
    _bind(r, scope, node, made_of, [kind for _, kind, _ in results], [why for _, _, why in results])


def each(r: Replay, node: Any, inputs: list[Any], a: dict[str, Any], scope: Scope) -> None:
    """``SequenceMap``: the body on every element of a sequence."""
    graph, first = a["body"], inputs[0]
    if not isinstance(first, list):
        raise Malformed(f"SequenceMap {node.name[:80]!r} reads no sequence")
    rows = []
    for place in range(len(first)):
        given = [
            (value[min(place, len(value) - 1)] if isinstance(value, list) else value, 0, scope.reason(name))
            for value, name in zip(inputs, node.input, strict=True)
        ]
        rows.append(_results(graph, _body(r, graph, node, scope, given)))
    reason = scope.reason(node.input[0])
    columns = [[row[place][0] for row in rows] for place in range(len(node.output))]
    _bind(r, scope, node, columns, [0] * len(columns), [reason] * len(columns))


CONTROL: dict[str, Control] = {"If": branches, "Loop": loop, "Scan": scan, "SequenceMap": each, **SEQUENCES}
