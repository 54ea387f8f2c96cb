"""Sums of linear branches side by side: what RepVGG, MobileOne and RepGhost train, and one convolution computes.

A branch is a convolution, a convolution with its norm, a norm alone, or the map itself. Branches of one map that are
added compute one convolution together, as all of them are linear. They are found by what the graph says, not by names.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from featherbone.graph.graph import Graph, Node
from featherbone.graph.operators import Add, BatchNorm, Conv, Operator


@dataclass(frozen=True, kw_only=True)
class LinearBranch:
    """A way from ``source`` to a sum: by a convolution, a norm, both, or neither."""

    leaf: str  # what the sum reads
    source: str
    conv: Node | None = None
    norm: Node | None = None

    @property
    def inside(self) -> set[str]:
        """The nodes that are gone where the branch is merged."""
        return {node.name for node in (self.conv, self.norm) if node is not None}


@dataclass(frozen=True, kw_only=True)
class ParallelSum:
    """Branches of one map that an add sums, and the convolution that computes the same.

    Fields:
        add: the name of the add, which the convolution takes where ``others`` is empty.
        gone: the nodes that the convolution stands in place of.
        others: what else the add reads: it stays, and reads the convolution with them.
    """

    add: str
    name: str
    operator: Conv
    branches: tuple[LinearBranch, ...]
    gone: frozenset[str]
    others: tuple[str, ...] = ()


def parallel_sums(graph: Graph) -> list[ParallelSum]:
    """The sums of branches that one convolution can stand in place of, none inside another.

    >>> from featherbone.graph import image
    >>> x = image(8, 14)
    >>> graph = (x.conv(8, 3, name="three").norm() + x.norm(name="skip")).act("relu").graph("tiny")
    >>> [(found.name, [branch.leaf for branch in found.branches]) for found in parallel_sums(graph)]
    [('add', ['three_norm', 'skip'])]

    Only what nobody else reads is merged, no shared weights, and no sum of which the convolution would cost more
    multiply-adds than its branches do. Sums of which all is merged come first: what is left of a sum is found in the
    graph after that (``merge_sums``).
    """
    readers = graph.consumers()
    lone = {name for name, reading in readers.items() if len(reading) == 1 and _once(reading[0], name)}
    lone -= set(graph.outputs) | _sharing(graph)
    adds = [node for node in graph.nodes if isinstance(node.operator, Add)]
    found: list[ParallelSum] = []
    covered: set[str] = set()
    for add in reversed(adds):
        if add.name not in covered:
            leaves, inner = _leaves(graph, add, lone)
            whole = _sum(graph, add, [_branch(graph, leaf, lone) for leaf in leaves], inner)
            if whole is not None:
                found.append(whole)
                covered |= inner
    if found:
        return found
    parts = (part for add in adds for part in _parts(graph, add, lone))
    return list(islice(parts, 1))


def merge_sums(graph: Graph, found: list[ParallelSum]) -> Graph:
    """The graph with a convolution in place of each of these sums."""
    by_add = {one.add: one for one in found}
    gone = {name for one in found for name in one.gone}
    entries: list[tuple[str, Operator, tuple[str, ...]]] = []
    for node in graph.nodes:
        one = by_add.get(node.name)
        if one is not None:
            entries.append((one.name, one.operator, (one.branches[0].source,)))
            if one.others:
                entries.append((node.name, node.operator, (one.name, *one.others)))
        elif node.name not in gone:
            entries.append((node.name, node.operator, node.inputs))
    shares = {node.name: node.shares for node in graph.nodes if node.shares}
    return Graph.build(graph.name, entries, graph.outputs, shares=shares, unused=graph.unused)


def merged_graph(graph: Graph) -> Graph:
    """The graph with every sum of branches merged, to know a cost before there are weights.

    >>> from featherbone.networks import network
    >>> merged_graph(network("repghostnet")) == network("repghostnet:merged=true")
    True
    """
    while found := parallel_sums(graph):
        graph = merge_sums(graph, found)
    return graph


def _once(node: Node, name: str) -> bool:
    return node.inputs.count(name) == 1


def _sharing(graph: Graph) -> set[str]:
    return {name for node in graph.nodes if node.shares for name in (node.name, node.shares)}


def _leaves(graph: Graph, add: Node, lone: set[str]) -> tuple[list[str], set[str]]:
    """What an add sums, through adds that only it reads; and those adds."""
    leaves: list[str] = []
    inner: set[str] = set()
    for name in add.inputs:
        node = graph[name]
        if isinstance(node.operator, Add) and name in lone:
            deeper, adds = _leaves(graph, node, lone)
            leaves += deeper
            inner |= {name, *adds}
        else:
            leaves.append(name)
    return leaves, inner


def _branch(graph: Graph, leaf: str, lone: set[str]) -> LinearBranch:
    node, norm = graph[leaf], None
    if isinstance(node.operator, BatchNorm) and leaf in lone:
        node, norm = graph[node.inputs[0]], node
    if isinstance(node.operator, Conv) and node.name in lone:
        return LinearBranch(leaf=leaf, source=node.inputs[0], conv=node, norm=norm)
    return LinearBranch(leaf=leaf, source=node.name, norm=norm)


def _parts(graph: Graph, add: Node, lone: set[str]) -> Iterator[ParallelSum]:
    """The parts of a sum that can be merged where the whole can't: its branches that read the same map."""
    leaves, inner = _leaves(graph, add, lone)
    by_source: dict[str, list[LinearBranch]] = {}
    for leaf in leaves:
        branch = _branch(graph, leaf, lone)
        by_source.setdefault(branch.source, []).append(branch)
    for branches in by_source.values():
        part = _sum(graph, add, branches, inner) if len(branches) > 1 else None
        if part is not None:
            merged = {branch.leaf for branch in branches}
            name = next(branch.conv.name for branch in branches if branch.conv is not None)
            others = tuple(leaf for leaf in leaves if leaf not in merged)
            yield replace(part, name=name, others=others)


def _sum(graph: Graph, add: Node, branches: list[LinearBranch], inner: set[str]) -> ParallelSum | None:
    """The sum of these branches as one convolution, where that is one and costs no more."""
    convolutions = [branch.conv for branch in branches if branch.conv is not None]
    if not convolutions or len({branch.source for branch in branches}) > 1:
        return None
    merged = _convolution(graph, branches, convolutions)
    if merged is None:
        return None
    gone = frozenset(inner | {add.name}).union(*(branch.inside for branch in branches))
    return ParallelSum(add=add.name, name=add.name, operator=merged, branches=tuple(branches), gone=gone)


def _convolution(graph: Graph, branches: list[LinearBranch], nodes: list[Node]) -> Conv | None:
    convolutions = [node.operator for node in nodes if isinstance(node.operator, Conv)]
    first = convolutions[0]
    unstrided = all(step == 1 for step in first.stride)
    direct = any(branch.conv is None for branch in branches)
    if any(one.stride != first.stride for one in convolutions) or (direct and not unstrided):
        return None
    read, written = graph[branches[0].source].shape, nodes[0].shape
    sides = [(int(before), int(after)) for before, after in zip(read[1:], written[1:], strict=True)]
    axes = [_axis(convolutions, axis, *both, direct=direct) for axis, both in enumerate(sides)]
    groups = math.gcd(*(int(one.groups) for one in convolutions))
    if any(axis is None for axis in axes):
        return None
    kernel, edges, dilation = zip(*(axis for axis in axes if axis is not None), strict=True)
    if math.prod(kernel) / groups > sum(math.prod(one.kernel) / one.groups for one in convolutions):
        return None
    biased = any(branch.norm is not None for branch in branches) or any(one.bias for one in convolutions)
    return replace(first, kernel=kernel, padding=edges, dilation=dilation, groups=groups, bias=biased)


def _axis(
    convolutions: list[Conv], axis: int, side: int, written: int, *, direct: bool
) -> tuple[int, tuple[int, int], int] | None:
    """Kernel, padding and dilation, along one axis, of the convolution that reaches whatever one of these reaches."""
    spread = {int(one.dilation[axis]) for one in convolutions if one.kernel[axis] != 1}
    if len(spread) > 1:
        return None
    dilation = spread.pop() if spread else 1
    before = max(int(one.padding[axis][0]) for one in convolutions)
    shifts = [before - int(one.padding[axis][0]) for one in convolutions] + [before] * direct
    if any(shift % dilation for shift in shifts):
        return None
    reach = max(dilation * (int(one.kernel[axis]) - 1) - int(one.padding[axis][0]) for one in convolutions) + before
    stride = int(convolutions[0].stride[axis])
    after = max(0, (written - 1) * stride + reach + 1 - side - before)
    for one in convolutions:  # the same as in the branch that it takes after, where that pads more than is needed
        if dilation * (int(one.kernel[axis]) - 1) == reach and one.padding[axis][0] == before:
            after = int(one.padding[axis][1])
    if (side + before + after - reach - 1) // stride + 1 != written:
        return None
    return reach // dilation + 1, (before, after), dilation
