"""What each space of channels costs: quantities of nodes that grow with the channels that they read and write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from featherbone.graph import Graph
from featherbone.graph.channel_sets import ChannelSets

Kept = Mapping[int, int]  # for each space, by its place, how many of its sets are kept


@dataclass(frozen=True, kw_only=True)
class Amount:
    """What a network has of something that is limited: in all, and what each node adds to it."""

    total: float
    nodes: Mapping[str, float]


Measure = Callable[[Graph], Mapping[str, Amount]]


@dataclass(frozen=True, kw_only=True)
class Width:
    """How many channels a map has: some that stay, and so many for each set of a space that is kept."""

    fixed: int
    spaces: Mapping[int, int]

    def channels(self, kept: Kept) -> int:
        return self.fixed + sum(each * kept[place] for place, each in self.spaces.items())


@dataclass(frozen=True, kw_only=True)
class Term:
    """A node's share of a quantity, as a product of widths."""

    amount: float  # for each channel of ``written``, and each of ``read`` where there is one
    written: Width
    read: Width | None

    def value(self, kept: Kept) -> float:
        return self.amount * self.written.channels(kept) * (1 if self.read is None else self.read.channels(kept))


class Prices:
    """What is saved of each quantity by keeping fewer sets of a space, while the other widths stay.

    A node's share is taken as proportional to the channels that it writes, and, where it mixes channels, to those that
    it reads: exact for multiply-adds and weights, close for memory and latency.
    """

    def __init__(self, sets: ChannelSets, kept: Kept, quantities: Mapping[str, Amount]) -> None:
        graph = sets.graph
        mixing = {name for space in sets.spaces for name in space.readers}
        widths = {name: _width(sets, name) for name in sets.of}
        self.touched: dict[str, dict[int, list[Term]]] = {}
        for what, quantity in quantities.items():
            touched: dict[int, list[Term]] = {}
            for name, amount in quantity.nodes.items():
                written = widths[name]
                read = widths[graph[name].inputs[0]] if name in mixing else None
                size = written.channels(kept) * (read.channels(kept) if read else 1)
                term = Term(amount=amount / size, written=written, read=read)
                for place in _places(term):
                    touched.setdefault(place, []).append(term)
            self.touched[what] = touched

    def beside(self, place: int) -> set[int]:
        """The spaces whose savings change where another width of this one is kept; itself among them."""
        terms = (term for touched in self.touched.values() for term in touched.get(place, ()))
        return {place}.union(*map(_places, terms))

    def saved(self, what: str, place: int, sets: int, kept: Kept) -> float:
        """Of a quantity, by keeping so many sets of a space less than ``kept``."""
        fewer = {**kept, place: kept[place] - sets}
        return sum(term.value(kept) - term.value(fewer) for term in self.touched[what].get(place, ()))


def _places(term: Term) -> set[int]:
    """The spaces that a term grows with."""
    return {*term.written.spaces, *(term.read.spaces if term.read else ())}


def _width(sets: ChannelSets, name: str) -> Width:
    spaces = Counter(sets.sets[number].space for number in sets.of[name])
    free = {place: count for place, count in spaces.items() if not sets.spaces[place].fixed}
    each = {place: count // len(sets.spaces[place].sets) for place, count in free.items()}
    return Width(fixed=len(sets.of[name]) - sum(free.values()), spaces=each)
