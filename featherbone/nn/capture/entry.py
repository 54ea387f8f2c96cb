"""One operation that a model ran, as it is recorded; ``finish`` turns the entries into nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from featherbone.graph import Shape
from featherbone.graph.called import NO_FACTS
from featherbone.graph.operators import Operator


@dataclass(slots=True, eq=False)
class TracedOperator:
    """An operator with the entries it reads, and what is needed to name it and to count its weights once.

    Fields:
        full: the shape as the model sees it, with the batch in front; ``shape`` leaves the batch out.
        label: what to call it where its module does not give a name.
        path: the module that was running; ``leaf`` says that it has no modules inside.
        weights: full names of the parameters it uses, and ``keys`` what an operator calls its own (weight, bias).
        macs: its multiply-adds where it has to become opaque; ``None`` is unknown.
        moves: it only moves or renames values, so that it may be dropped where nothing reads it.
        detail: what later rules need to recognise a pattern.
        function: what was called, as ``featherbone.graph.called`` spells it, and ``facts`` that only the call holds.
    """

    operator: Operator
    inputs: tuple[TracedOperator, ...]
    shape: Shape
    full: tuple[int, ...]
    label: str
    path: str
    leaf: bool
    weights: tuple[str, ...] = ()
    macs: int | None = 0
    moves: bool = False
    detail: Any = None
    function: str = ""
    facts: Mapping[str, int] = field(default_factory=lambda: NO_FACTS)
