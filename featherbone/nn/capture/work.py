"""What the body of a control operator costs in all, and the one operator of the graph that stands for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from featherbone.nn.capture.entry import TracedOperator
from featherbone.nn.capture.structure import mapped
from featherbone.nn.capture.traced import Traced

if TYPE_CHECKING:
    from featherbone.nn.capture.tracer import Tracer


@dataclass(frozen=True, eq=False)
class Work:
    """What was recorded inside a body.

    Fields:
        inside: its entries.
        reads: the entries outside that it reads.
        weights: full names of its parameters.
        macs: multiply-adds of all; ``None`` where some are not known.
    """

    inside: frozenset[TracedOperator]
    reads: tuple[TracedOperator, ...]
    weights: tuple[str, ...]
    macs: int | None

    def times(self, count: int | None) -> Work:
        """This work, so many times over; ``None``: nobody knows how often."""
        macs = None if self.macs is None else 0 if self.macs == 0 else None if count is None else self.macs * count
        return Work(self.inside, self.reads, self.weights, macs)

    def either(self, other: Work) -> Work:
        """One of two: what both read and hold, and the multiply-adds of the dearest."""
        macs = None if self.macs is None or other.macs is None else max(self.macs, other.macs)
        reads = tuple(dict.fromkeys((*self.reads, *other.reads)))
        return Work(self.inside | other.inside, reads, tuple(dict.fromkeys((*self.weights, *other.weights))), macs)


def taken(tracer: Tracer, start: int) -> Work:
    """What was recorded since ``start``, taken out of the record."""
    entries = tracer.entries[start:]
    del tracer.entries[start:]
    inside = frozenset(entries)
    reads = dict.fromkeys(source for entry in entries for source in entry.inputs if source not in inside)
    weights = dict.fromkeys(name for entry in entries for name in entry.weights)
    macs = 0
    for entry in entries:
        if entry.macs is None:
            return Work(inside, tuple(reads), tuple(weights), None)
        macs += entry.macs
    return Work(inside, tuple(reads), tuple(weights), macs)


def dearest_note(name: str, works: Sequence[Work]) -> tuple[str, ...]:
    """A note that one of these branches counts; none where no branch multiplies."""
    if all(work.macs == 0 for work in works):
        return ()
    costs = " and ".join("an unknown number of" if work.macs is None else f"{work.macs:,}" for work in works)
    return (f"{name} runs one of two branches, of {costs} multiply-adds: the dearest counts",)


def standing_for(tracer: Tracer, label: str, work: Work, results: Sequence[Any]) -> list[Any]:
    """Record one operator for a body; its ``results``, as they were inside, as what that operator writes."""
    reads = [Traced.make(entry.full, torch.float32, tracer.device, entry=entry) for entry in work.reads]
    main: Traced | None = None

    def outside(value: torch.Tensor) -> torch.Tensor:
        nonlocal main
        if type(value) is not Traced or value.entry not in work.inside:
            return value
        if main is not None:
            return tracer.opaque(f"{label}_result", (main,), value._size, moves=True, dtype=value._type)
        main = tracer.opaque(label, reads, value._size, weights=work.weights, macs=work.macs, dtype=value._type)
        return main

    made: list[Any] = mapped(list(results), outside)
    if main is None and (work.weights or work.macs != 0):  # it was computed for nothing, but computed
        tracer.opaque(label, reads, (), weights=work.weights, macs=work.macs)
    return made
