"""The channels of a graph, joined where they can only be kept or cut together: the work behind ``channel_sets``.

A layer that mixes makes channels of its own; every other operator passes channels on, so a map is a list of the numbers
of its channels, and most operators hand the list of their input on as it is. That keeps it linear in the widths.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from featherbone.graph.balance import balanced_sets
from featherbone.graph.dimension import Shape
from featherbone.graph.graph import Graph, Node
from featherbone.graph.operators.flow import (
    Cropped,
    Entangled,
    Flow,
    Given,
    Joined,
    Mixed,
    Padded,
    Reordered,
    Repeated,
    Through,
)

Channels = list[int]
Grouping = list[Sequence[int]]


@dataclass(slots=True)
class Joins:
    """Channels by number, joined by union and find.

    ``channels`` lists for each node the channels that it writes; ``fixed`` says of a channel why it can't be cut;
    ``mixing`` names the nodes that mix what they read; ``groupings`` are channels in groups of which a cut must take as
    many from each.
    """

    parents: list[int] = field(default_factory=list)
    channels: dict[str, Channels] = field(default_factory=dict)
    fixed: dict[int, str] = field(default_factory=dict)
    mixing: set[str] = field(default_factory=set)
    groupings: list[Grouping] = field(default_factory=list)

    def new(self, count: int) -> Channels:
        """So many channels that belong to nothing yet."""
        first = len(self.parents)
        made = list(range(first, first + count))
        self.parents += made
        return made

    def find(self, channel: int) -> int:
        """The channel that stands for all that this one is joined with."""
        parents = self.parents
        while parents[channel] != channel:
            parents[channel] = parents[parents[channel]]
            channel = parents[channel]
        return channel

    def join(self, left: int, right: int) -> None:
        """The earlier channel stands for both."""
        left, right = self.find(left), self.find(right)
        self.parents[max(left, right)] = min(left, right)

    def join_all(self, first: Iterable[int], second: Iterable[int]) -> None:
        for left, right in zip(first, second, strict=True):
            if left != right:
                self.join(left, right)

    def fix(self, channels: Iterable[int], why: str) -> None:
        for channel in channels:
            self.fixed.setdefault(channel, why)

    def roots(self) -> list[int]:
        """For each channel the one that stands for its set."""
        return [self.find(channel) for channel in range(len(self.parents))]


def joined(graph: Graph) -> Joins:
    """Every channel of ``graph``, joined with those that it lives and dies with.

    >>> from featherbone.graph import image
    >>> joins = joined(image(1, 8).conv(2, 3, name="a").depthwise(3, name="b").graph("tiny"))
    >>> joins.channels["a"] == joins.channels["b"]
    True
    """
    joins = Joins()
    for node in graph.nodes:
        shapes = graph.input_shapes(node)
        flow = node.operator.channels(*shapes)
        read = [joins.channels[name] for name in node.inputs]
        joins.channels[node.name] = _written(joins, node, flow, read, shapes)
        if node.shares:
            _share(joins, graph[node.shares], node)
    for balanced in balanced_sets(joins.groupings, joins.find):
        joins.join_all(balanced[:-1], balanced[1:])
    for name in graph.outputs:
        joins.fix(joins.channels[name], "it is an output of the network")
    return joins


def _share(joins: Joins, owner: Node, node: Node) -> None:
    """Weights that are used twice have one shape, so both uses keep the same channels."""
    for first, second in zip((*owner.inputs, owner.name), (*node.inputs, node.name), strict=True):
        joins.join_all(joins.channels[first], joins.channels[second])


def _written(joins: Joins, node: Node, flow: Flow, read: list[Channels], shapes: tuple[Shape, ...]) -> Channels:
    """The channels that a node writes, after what it reads was joined as the node demands."""
    width: Any = node.shape[0] if node.shape else 0
    match flow:
        case Given():
            made = joins.new(width)
            joins.fix(made, flow.why)
            return made
        case Entangled():
            made = joins.new(width)
            joins.fix(chain(made, *read), f"{flow.why} ({node.name})")
            return made
        case Through():
            return _through(joins, node, read, width)
        case Mixed():
            joins.mixing.add(node.name)
            return _mixed(joins, read[0], width, _number(flow.groups))
        case Repeated():
            times = _number(flow.times)
            return read[0] if times == 1 else [channel for channel in read[0] for _ in range(times)]
        case Joined():
            return list(chain(*read))
        case Cropped():
            return read[0][_number(flow.start) : _number(flow.stop)]
        case Reordered():
            return [read[0][channel] for channel in flow.order]
        case Padded():
            return [*joins.new(_number(flow.before)), *read[0], *joins.new(_number(flow.after))]


def _through(joins: Joins, node: Node, read: list[Channels], width: int) -> Channels:
    first, *others = sorted(read, key=len, reverse=True)
    for other in others:
        if len(other) == width:
            joins.join_all(first, other)
        else:
            joins.fix(other, f"it is multiplied into every channel of {node.name}")
    return first


def _mixed(joins: Joins, read: Channels, width: int, groups: int) -> Channels:
    """Channels of their own; in groups, each with what it reads, or all of them to be left at one size."""
    made = joins.new(width)
    if groups == 1:
        return made
    inputs, outputs = parts(read, groups), parts(made, groups)
    if whole_groups(len(inputs[0]), len(outputs[0]), groups):
        for left, right in zip(inputs, outputs, strict=True):
            everything = [*left, *right]
            joins.join_all(everything[:-1], everything[1:])
    else:
        joins.groupings += [inputs, outputs]
    return made


def whole_groups(read: int, written: int, groups: int) -> bool:
    """Whether a set is a whole group, rather than one channel at the same place of every group: whichever gives more.

    A group that reads, or writes, a single channel can only go as a whole.

    >>> whole_groups(4, 4, 32), whole_groups(80, 20, 3)
    (True, False)
    """
    return min(read, written) == 1 or groups >= read + written


def parts(channels: Sequence[int], count: int) -> list[Sequence[int]]:
    """The channels in so many equal parts."""
    size = len(channels) // count
    return [channels[place * size : (place + 1) * size] for place in range(count)]


def _number(value: Any) -> int:
    assert type(value) is int, "a graph without symbols"
    return value
