"""Which channels of a network belong together: a reading that every cut of channels stands on.

Each operator says how the channels that it writes come from those that it reads (``featherbone.graph.operators.flow``).
Channels that meet in a sum, a product or a filter of one channel can only be kept or cut together; so can channels of
which each group of a convolution has one. From that follow *sets* of channels, and *spaces* of sets that are alike: the
width of one place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from featherbone.errors import FeatherboneError
from featherbone.graph.graph import Graph
from featherbone.graph.join import Joins, joined


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelSet:
    """Channels that can only be kept or cut together: for each node that writes some, which ones.

    >>> from featherbone.graph import image
    >>> first = channel_sets(image(3, 8).conv(4, 3, name="stem").norm().conv(2, 1, name="mix").graph("tiny")).sets[0]
    >>> first.number
    0

    ``space`` is the place of its space in ``ChannelSets.spaces``. ``fixed`` says why it can't be cut, and is empty
    where it can.
    """

    number: int
    space: int
    members: tuple[tuple[str, tuple[int, ...]], ...]
    fixed: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelSpace:
    """Sets with the same number of channels in the same nodes, named after the first node that writes them.

    >>> from featherbone.graph import image
    >>> spaces = channel_sets(image(3, 8).conv(4, 3, name="stem").norm().conv(2, 1, name="mix").graph("tiny")).spaces
    >>> [(space.name, space.channels, space.readers) for space in spaces if space.name == "stem"]
    [('stem', 4, ('mix',))]

    ``channels`` are those that all of its sets together have in that node. ``readers`` are the layers that mix its
    channels into others; what a cut of a set takes from their weights is what nobody computes any more.
    """

    name: str
    sets: tuple[int, ...]
    channels: int
    nodes: tuple[str, ...]
    readers: tuple[str, ...]
    fixed: str


@dataclass(frozen=True, kw_only=True)
class ChannelSets:
    """The sets and spaces of a graph; ``of`` has for each node the number of the set of each channel that it writes.

    >>> from featherbone.graph import image
    >>> found = channel_sets(image(3, 8).conv(4, 3, name="stem").norm().conv(2, 1, name="mix").graph("tiny"))
    >>> found.of["stem"] == found.of["stem_norm"]
    True
    """

    graph: Graph
    of: Mapping[str, tuple[int, ...]]
    sets: tuple[ChannelSet, ...]
    spaces: tuple[ChannelSpace, ...]

    @property
    def free(self) -> tuple[int, ...]:
        """The numbers of the sets that can be cut."""
        return tuple(each.number for each in self.sets if not each.fixed)


def channel_sets(graph: Graph) -> ChannelSets:
    """The sets of channels of ``graph`` that live and die together.

    >>> from featherbone.graph import image
    >>> x = image(3, 32).conv(8, 3, name="stem")
    >>> y = x.depthwise(3).act("relu").pointwise(8, name="mix")
    >>> found = channel_sets((x + y).global_pool().flatten().linear(10).graph("tiny"))
    >>> for space in found.spaces:
    ...     print(f"{space.name}: {space.channels} channels, {len(space.sets)} sets {space.fixed}".rstrip())
    image: 3 channels, 3 sets it is an input of the network
    stem: 8 channels, 8 sets
    linear: 10 channels, 10 sets it is an output of the network

    Sets are numbered in the order in which the graph first writes them. A convolution in groups keeps its groups, and a
    set has one channel of each (``featherbone.graph.balance``); where its groups are many and small, or hold one
    channel, a set is a whole group, which divides the layer into more sets. A shuffle holds nothing together: where its
    columns are not cut whole, another order is left. What an opaque operator reads or writes can't be cut, nor what
    local response norm compares, nor a set that is all that some node writes.

    Raises:
        FeatherboneError: the graph holds symbolic sizes.
    """
    if graph.is_symbolic:
        raise FeatherboneError(
            f"{graph.name} holds symbolic sizes, so its channels cannot be told apart",
            hint="build the network with numbers instead of symbols",
        )
    joins = joined(graph)
    of, reasons = _numbered(joins)
    members: list[list[tuple[str, tuple[int, ...]]]] = [[] for _ in reasons]
    known: dict[int, list[tuple[int, tuple[int, ...]]]] = {}  # most operators hand on the very list that they read
    for name, numbers in of.items():
        key = id(numbers)
        if key not in known:
            known[key] = _places(numbers)
        places = known[key]
        if len(places) == 1:
            reasons[numbers[0]] = reasons[numbers[0]] or f"nothing would be left of {name}"
        for number, channels in places:
            members[number].append((name, channels))
    spaces, space_of = _spaces(graph, members, reasons, joins)
    sets = tuple(
        ChannelSet(number=number, space=space_of[number], members=tuple(found), fixed=reasons[number])
        for number, found in enumerate(members)
    )
    return ChannelSets(graph=graph, of=of, sets=sets, spaces=spaces)


def _numbered(joins: Joins) -> tuple[dict[str, tuple[int, ...]], list[str]]:
    """The set of each channel of each node, numbered as they are first met; why each can't be cut."""
    roots = joins.roots()
    numbers: dict[int, int] = {}
    made: dict[int, tuple[int, ...]] = {}
    for channels in joins.channels.values():
        if id(channels) not in made:
            made[id(channels)] = tuple([numbers.setdefault(roots[channel], len(numbers)) for channel in channels])
    of = {name: made[id(channels)] for name, channels in joins.channels.items()}
    reasons = [""] * len(numbers)
    for channel, why in joins.fixed.items():
        number = numbers[roots[channel]]
        reasons[number] = reasons[number] or why
    return of, reasons


def _places(numbers: tuple[int, ...]) -> list[tuple[int, tuple[int, ...]]]:
    """For each set in a map, its channels there."""
    places: dict[int, list[int]] = {}
    for channel, number in enumerate(numbers):
        places.setdefault(number, []).append(channel)
    return [(number, tuple(channels)) for number, channels in places.items()]


def _spaces(
    graph: Graph, members: list[list[tuple[str, tuple[int, ...]]]], reasons: list[str], joins: Joins
) -> tuple[tuple[ChannelSpace, ...], list[int]]:
    """The sets that are alike, and for each set the place of its space."""
    alike: dict[tuple[str, tuple[tuple[str, int], ...]], list[int]] = {}
    for number, found in enumerate(members):
        signature = tuple((name, len(channels)) for name, channels in found)
        alike.setdefault((reasons[number], signature), []).append(number)
    mixers = {
        name: [node.name for node in found if node.name in joins.mixing] for name, found in graph.consumers().items()
    }
    taken: Counter[str] = Counter()
    spaces: list[ChannelSpace] = []
    space_of = [0] * len(members)
    for (why, signature), sets in alike.items():
        first, width = signature[0]
        taken[first] += 1
        nodes = tuple(name for name, _ in signature)
        for number in sets:
            space_of[number] = len(spaces)
        spaces.append(
            ChannelSpace(
                name=first if taken[first] == 1 else f"{first}#{taken[first]}",
                sets=tuple(sets),
                channels=width * len(sets),
                nodes=nodes,
                readers=tuple(dict.fromkeys(reader for name in nodes for reader in mixers[name])),
                fixed=why,
            )
        )
    return tuple(spaces), space_of
