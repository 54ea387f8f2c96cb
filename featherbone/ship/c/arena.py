"""Where each map lies in the one static array, so that maps that are alive at once do not meet.

A map lives from the step that writes it to the last one that reads it. A map that is written over another, as its step
allows, has the same place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, kw_only=True)
class MemoryUse:
    """What a step does with memory: the maps that it reads, the one that it writes, over which it may write.

    ``room`` is what it needs besides, in bytes.
    """

    reads: tuple[str, ...]
    writes: str
    over: tuple[str, ...] = ()
    room: int = 0


@dataclass(frozen=True, kw_only=True)
class Arena:
    """The places of maps, and of the room that each step needs besides, in bytes from the start; and how long it is.

    ``spans`` are the pieces: maps that share it, place, bytes, first and last step.
    """

    places: Mapping[str, int]
    rooms: tuple[int, ...]
    bytes: int
    spans: tuple[Span, ...]


class Span(NamedTuple):
    """A piece of memory that one map, or several one after the other, have for some steps."""

    names: tuple[str, ...]
    place: int
    bytes: int
    first: int
    last: int


def arena_of(image: str, answer: str, uses: Sequence[MemoryUse], sizes: Mapping[str, int], align: int = 4) -> Arena:
    """The places of all maps, of so many bytes each.

    >>> uses = [MemoryUse(reads=(read,), writes=written) for read, written in ("ab", "bc", "cd")]
    >>> arena = arena_of("a", "d", uses, {"a": 8, "b": 8, "c": 8, "d": 4})
    >>> arena.bytes, arena.places["c"] == arena.places["a"]
    (16, True)

    Largest first, each at the lowest place that is free for as long as it lives; the same is tried in other orders,
    and the shortest is taken.
    """
    pieces = _pieces(image, answer, uses, sizes, align)
    orders = (
        lambda piece: (-piece.bytes, piece.first),
        lambda piece: (piece.first, -piece.bytes),
        lambda piece: (-piece.bytes * (1 + piece.last - piece.first), piece.first),
        lambda piece: (piece.first - piece.last, -piece.bytes),
    )
    spans = min((_placed(sorted(pieces, key=order)) for order in orders), key=_length)
    places = {name: span.place for span in spans for name in span.names}
    rooms = tuple(places.get(_room(step), 0) for step in range(len(uses)))
    return Arena(places=places, rooms=rooms, bytes=_length(spans), spans=tuple(sorted(spans, key=lambda s: s.first)))


def _room(step: int) -> str:
    return f"room of step {step}"  # no node has a name with spaces


def _pieces(image: str, answer: str, uses: Sequence[MemoryUse], sizes: Mapping[str, int], align: int) -> list[Span]:
    """Every piece of memory without its place."""
    last = {name: step for step, use in enumerate(uses) for name in use.reads}
    last[answer] = len(uses)
    held: dict[str, list[str]] = {image: [image]}
    first = {image: 0}
    for step, use in enumerate(uses):
        over = next((name for name in use.over if last[name] == step and sizes[name] >= sizes[use.writes]), None)
        owner = next((start for start, names in held.items() if over in names), None)
        if owner is None or any(last.get(name, step) > step for name in held[owner]):
            owner = use.writes
            held[owner], first[owner] = [], step
        held[owner].append(use.writes)
    pieces = []
    for owner, names in held.items():
        end = max(last.get(name, first[owner]) for name in names)
        pieces.append(Span(tuple(names), 0, _aligned(max(sizes[name] for name in names), align), first[owner], end))
    rooms = [(step, use.room) for step, use in enumerate(uses) if use.room]
    return pieces + [Span((_room(step),), 0, _aligned(room, align), step, step) for step, room in rooms]


def _aligned(count: int, align: int) -> int:
    return -(-count // align) * align


def _placed(pieces: Sequence[Span]) -> list[Span]:
    """Each in its turn at the lowest place where it meets none of those that have one."""
    placed: list[Span] = []
    for piece in pieces:
        met = sorted(
            (other.place, other.bytes) for other in placed if other.first <= piece.last and piece.first <= other.last
        )
        place = 0
        for start, length in met:
            if start - place >= piece.bytes:
                break
            place = max(place, start + length)
        placed.append(piece._replace(place=place))
    return placed


def _length(spans: Sequence[Span]) -> int:
    return max(span.place + span.bytes for span in spans)
