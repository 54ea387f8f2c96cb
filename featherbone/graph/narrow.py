"""A graph without some of its sets of channels: what is left of it, and what it costs, before any weight is touched.

``featherbone.rewrite.narrow`` cuts the weights of a trained network as well.
"""

from __future__ import annotations

from collections.abc import Collection
from operator import index
from typing import SupportsIndex

from featherbone.errors import FeatherboneError
from featherbone.graph.channel_sets import ChannelSets, channel_sets
from featherbone.graph.graph import Graph, Node
from featherbone.graph.operators.base import Kept, Operator
from featherbone.wording import listed


def narrow_graph(graph: Graph, cut: Collection[SupportsIndex], *, sets: ChannelSets | None = None) -> Graph:
    """``graph`` without the sets of channels with these numbers, as ``channel_sets`` numbers them.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).conv(8, 3, name="a").depthwise(3, name="b").pointwise(5, name="c").graph("tiny")
    >>> narrow_graph(graph, range(3, 8))["c"].operator.parameters((3, 8, 8))
    {'weight': (5, 3, 1, 1)}

    Nodes keep their names and places. ``sets`` are the sets of the graph where they were already read.

    Raises:
        FeatherboneError: what ``kept_channels`` refuses.
    """
    kept = kept_channels(sets or channel_sets(graph), cut)
    return narrowed_graph(graph, kept)


def narrowed_graph(graph: Graph, kept: dict[str, Kept]) -> Graph:
    """``graph`` with these channels of each node, which ``kept_channels`` chose."""
    entries = [(node.name, _narrowed(graph, node, kept), node.inputs) for node in graph.nodes]
    shares = {node.name: node.shares for node in graph.nodes if node.shares}
    return Graph.build(graph.name, entries, graph.outputs, shares=shares, unused=graph.unused)


def _narrowed(graph: Graph, node: Node, kept: dict[str, Kept]) -> Operator:
    read = tuple(kept[name] for name in node.inputs)
    return node.operator.narrowed(read, kept[node.name], *graph.input_shapes(node))


def kept_channels(sets: ChannelSets, cut: Collection[SupportsIndex]) -> dict[str, Kept]:
    """For each node the channels that stay where these sets are cut, in order.

    >>> from featherbone.graph import image
    >>> graph = image(1, 8).conv(4, 3, name="a").conv(2, 3, name="b").graph("tiny")
    >>> kept_channels(channel_sets(graph), [2, 4])["a"]
    (0, 2)

    Raises:
        FeatherboneError: a number that no set has, a set that can't be cut, a node of which nothing would be left.
    """
    gone = {_number(sets, number) for number in cut}
    for number in gone:
        found = sets.sets[number]
        if found.fixed:
            raise FeatherboneError(
                f"set {number} of {sets.graph.name} ({sets.spaces[found.space].name}) can't be cut: {found.fixed}",
                hint="`featherbone channels` lists what can be cut, and why the rest can't",
            )
    known: dict[int, Kept] = {}  # most nodes share their numbers with others
    kept: dict[str, Kept] = {}
    for name, numbers in sets.of.items():
        if id(numbers) not in known:
            known[id(numbers)] = tuple([channel for channel, number in enumerate(numbers) if number not in gone])
        kept[name] = known[id(numbers)]
        if numbers and not kept[name]:
            there = sorted(set(numbers))
            raise FeatherboneError(
                f"cutting all {len(there)} sets of {name} would leave none of its {len(numbers)} channels",
                hint=f"keep at least one of the sets {listed([str(number) for number in there[:8]])}"
                + (" …" if len(there) > 8 else ""),
            )
    return kept


def _number(sets: ChannelSets, number: SupportsIndex) -> int:
    """The number of a set, as an ``int``, if there is such a set."""
    try:
        found = index(number)
    except TypeError:
        found = -1
    if not 0 <= found < len(sets.sets):
        raise FeatherboneError(
            f"{sets.graph.name} has no set of channels {number!r}; its sets are 0 to {len(sets.sets) - 1}"
        )
    return found
