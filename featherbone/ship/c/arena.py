"""Where each map lies in the one static array, so that maps that are alive at once do not meet.

A map lives from the step that writes it to the last one that reads it. A map that is written over another, as its step
allows, has the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


class Span(NamedTuple):
    """The memory of one map: where, how many bytes, and the first and the last step of its life."""

    name: str
    place: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Arena:
    """The places of maps, and of the room that each step needs besides, in bytes from the start; and how long it is.

    ``spans`` are the maps and rooms in the order in which they come to life.
    """

    places: Mapping[str, int]
    rooms: tuple[int, ...]
    bytes: int
    spans: tuple[Span, ...]


def arena_of(image: str, answer: str, uses: Sequence[MemoryUse], sizes: Mapping[str, int], align: int = 4) -> Arena:
    """The places of all maps, of so many bytes each.

    >>> uses = [MemoryUse(reads=(read,), writes=written) for read, written in ("ab", "bc", "cd")]
    >>> arena = arena_of("a", "d", uses, {"a": 8, "b": 8, "c": 8, "d": 4})
    >>> arena.bytes, arena.places["c"] == arena.places["a"]
    (16, True)

    Largest first, each at the lowest place that is free for as long as it lives; the same is tried in other orders,
    and the shortest is taken. Maps that are written over each other have one place, each with its own bytes.
    """
    pieces = _pieces(image, answer, uses, sizes, align)
    orders: tuple[Callable[[Piece], tuple[int, ...]], ...] = (
        lambda piece: (-_most(piece), piece[0].first),
        lambda piece: (piece[0].first, -_most(piece)),
        lambda piece: (-sum(span.bytes * (1 + span.last - span.first) for span in piece), piece[0].first),
        lambda piece: (piece[0].first - piece[-1].last, -_most(piece)),
    )
    spans = min((_placed(sorted(pieces, key=order)) for order in orders), key=_length)
    places = {span.name: span.place for span in spans}
    return Arena(
        places=places,
        rooms=tuple(places.get(_room(step), 0) for step in range(len(uses))),
        bytes=_length(spans),
        spans=tuple(sorted(spans, key=lambda span: (span.first, span.place))),
    )


Piece = list[Span]  # maps with one place, one after the other


def _room(step: int) -> str:
    return f"room of step {step}"  # no node has a name with spaces


def _pieces(image: str, answer: str, uses: Sequence[MemoryUse], sizes: Mapping[str, int], align: int) -> list[Piece]:
    """Every piece of memory without its place."""
    last = {name: step for step, use in enumerate(uses) for name in use.reads}
    last[answer] = len(uses)

    def span(name: str, first: int) -> Span:
        return Span(name, 0, -(-sizes[name] // align) * align, first, max(first, last.get(name, first)))

    pieces: list[Piece] = [[span(image, 0)]]
    piece_of = {image: pieces[0]}
    for step, use in enumerate(uses):
        over = next((name for name in use.over if last[name] == step and sizes[name] >= sizes[use.writes]), None)
        if over is None:
            pieces.append([])
        piece = pieces[-1] if over is None else piece_of[over]
        piece.append(span(use.writes, step))
        piece_of[use.writes] = piece
    rooms = [(step, -(-use.room // align) * align) for step, use in enumerate(uses) if use.room]
    return pieces + [[Span(_room(step), 0, room, step, step)] for step, room in rooms]


def _most(piece: Piece) -> int:
    return max(span.bytes for span in piece)


def _placed(pieces: Sequence[Piece]) -> list[Span]:
    """Each in its turn at the lowest place where it meets none of those that have one."""
    placed: list[Span] = []
    for piece in pieces:
        met = sorted(
            (other.place - span.bytes, other.place + other.bytes)
            for span in piece
            for other in placed
            if other.first <= span.last and span.first <= other.last
        )
        place = 0
        for below, above in met:  # between these two, both excluded, it would meet
            if below >= place:
                break
            place = max(place, above)
        placed += [span._replace(place=place) for span in piece]
    return placed


def _length(spans: Sequence[Span]) -> int:
    return max(span.place + span.bytes for span in spans)
