"""Which maps of a network have one grid: those that are the same numbers in another place, and what a ReLU clips."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.graph import Graph, Node
from featherbone.graph import operators as op

MOVES = (
    op.Flatten,
    op.Slice,
    op.ChannelShuffle,
    op.Reorder,
    op.PadChannels,
    op.Dropout,
    op.MaxPool,
    op.AvgPool,
    op.Resize,
)
CLIPS = ("relu", "relu6")


@dataclass(frozen=True, kw_only=True)
class SharedGrid:
    """Nodes whose maps have one grid, in computing order, and the node of them whose numbers the grid has to hold."""

    nodes: tuple[str, ...]
    observed: str


def shared_grids(graph: Graph) -> list[SharedGrid]:
    """The nodes of a graph, by the grid that they share.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).conv(4, 3).act("relu").max_pool(2).conv(4, 3, name="b").act("hard_swish").graph("tiny")
    >>> [(each.nodes, each.observed) for each in shared_grids(graph)][1:]
    [(('conv', 'conv_act', 'max_pool'), 'conv_act'), (('b',), 'b'), (('b_act',), 'b_act')]

    Moving, pooling and resizing write numbers between those that they read, so they need no grid of their own. A ReLU
    whose map alone is wanted shares its own with what it reads: a grid that ends at zero clips what is below.
    """
    readers = graph.consumers()
    members: dict[str, list[str]] = {}  # by the first node of a grid
    first: dict[str, str] = {}
    observed: dict[str, str] = {}
    for node in graph.nodes:
        start = first[node.inputs[0]] if node.inputs else node.name
        clips = _clips(node)
        if _moves(node) or (clips and _only_for(graph, readers, members[start])):
            first[node.name] = start
            members[start].append(node.name)
            if clips and observed[start] == start:
                observed[start] = node.name
        else:
            first[node.name] = observed[node.name] = node.name
            members[node.name] = [node.name]
    return [SharedGrid(nodes=tuple(nodes), observed=observed[start]) for start, nodes in members.items()]


def _moves(node: Node) -> bool:
    return isinstance(node.operator, MOVES) or (
        isinstance(node.operator, op.GlobalPool) and node.operator.reduce == "max"
    )


def _clips(node: Node) -> bool:
    return isinstance(node.operator, op.Activation) and node.operator.function in CLIPS


def _only_for(graph: Graph, readers: dict[str, list[Node]], members: list[str]) -> bool:
    """Whether nobody but the next of them reads these maps, none of which is given or an answer."""
    whole = graph[members[0]].inputs and not set(members) & set(graph.outputs)
    return bool(whole) and all(len(readers[name]) == 1 for name in members)
