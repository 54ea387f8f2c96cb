"""What a set of channels costs, wherever it is written and read, and what a branch does: what a cut of it saves."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.cost.count import Count, count
from featherbone.graph import (
    Branch,
    ChannelSets,
    ChannelSpace,
    Graph,
    branches,
    channel_sets,
    drop_branches,
    narrow_graph,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SpaceCost:
    """A space of channels that can be cut, and the multiply-adds and parameters that go with one of its sets."""

    space: ChannelSpace
    macs: int
    params: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BranchCost:
    """A branch that can be dropped, and the multiply-adds and parameters that go with it."""

    branch: Branch
    macs: int
    params: int


def branch_costs(graph: Graph) -> tuple[BranchCost, ...]:
    """The cost of each branch that can be dropped, as the count of the graph without it tells.

    >>> from featherbone.graph import image
    >>> x = image(3, 8).conv(4, 3, name="stem")
    >>> [(cost.branch.name, cost.macs, cost.params) for cost in branch_costs((x + x.pointwise(4)).graph("tiny"))]
    [('add', 1024, 16)]
    """
    whole = count(graph)
    costs: list[BranchCost] = []
    for branch in branches(graph):
        left = count(drop_branches(graph, [branch.name]))
        costs.append(BranchCost(branch=branch, macs=_less(whole, left, "macs"), params=_less(whole, left, "params")))
    return tuple(costs)


def set_costs(graph: Graph, *, sets: ChannelSets | None = None) -> tuple[SpaceCost, ...]:
    """The cost of one set of each space that can be cut, as the count of the graph without it tells.

    >>> from featherbone.graph import image
    >>> graph = image(3, 8).conv(4, 3, name="a").pointwise(5, name="b").graph("tiny")
    >>> [(cost.space.name, cost.macs, cost.params) for cost in set_costs(graph)]
    [('a', 2048, 32)]

    Sets of one space cost the same in the uncut network. Of two sets that one layer joins, one read and one written,
    the second saves less once the first is gone: the products of both are saved once.
    """
    known = sets or channel_sets(graph)
    whole = count(graph)
    costs: list[SpaceCost] = []
    for space in known.spaces:
        if not space.fixed:
            left = count(narrow_graph(graph, space.sets[:1], sets=known))
            costs.append(SpaceCost(space=space, macs=_less(whole, left, "macs"), params=_less(whole, left, "params")))
    return tuple(costs)


def _less(whole: Count, left: Count, what: str) -> int:
    return int(getattr(whole, what)) - int(getattr(left, what))
