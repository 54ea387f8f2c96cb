"""``torch.cond``: both branches are recorded, and the dearest stands for them, as for ``If`` of an ONNX file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from featherbone.nn.capture.work import Work, dearest_note, standing_for, taken

if TYPE_CHECKING:
    from featherbone.nn.capture.tracer import Tracer


def cond(
    tracer: Tracer, pred: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any], operands: Sequence[Any] = ()
) -> Any:
    """``torch.cond``: a condition that is a number chooses; a tensor's is not known before the model runs."""
    if not isinstance(pred, torch.Tensor):
        return branch(tracer, true_fn if pred else false_fn, operands)
    return dearest(tracer, [partial(branch, tracer, one, operands) for one in (true_fn, false_fn)])


def branch(tracer: Tracer, function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """What a branch returns; torch leaves a mode while it answers, so we enter it again."""
    with tracer:
        return function(*operands)


def dearest(tracer: Tracer, branches: Sequence[Callable[[], Any]]) -> Any:
    """Record each of two branches, and one operator with what both read and hold in their place."""
    found: list[Any] = []
    works: list[Work] = []
    for one in branches:
        start = len(tracer.entries)
        found.append(one())
        works.append(taken(tracer, start))
    first, second = works
    chosen = found[0] if (first.macs or 0) >= (second.macs or 0) else found[1]
    tracer.notes += dearest_note("cond", works)
    return standing_for(tracer, "cond", first.either(second), [chosen])[0]


RULES = {"cond": cond}
