"""Branches that a network can do without, as a shortcut goes around them: found, and taken out of a graph.

``featherbone.rewrite.drop`` takes the weights along.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from featherbone.errors import FeatherboneError, did_you_mean
from featherbone.graph.graph import Graph, Node
from featherbone.graph.operators import Add, BatchNorm, Conv, ConvTranspose, Input, Linear, Multiply, Opaque

WORKING = (BatchNorm, Conv, ConvTranspose, Linear, Multiply, Opaque)  # what a shortcut does not do


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """What node ``add`` adds to ``shortcut``: ``operand``, and the ``nodes`` that serve it alone.

    >>> from featherbone.graph import image
    >>> from featherbone.graph.branches import branches
    >>> x = image(4, 8)
    >>> [(branch.operand, branch.shortcut) for branch in branches((x + x.conv(4, 3, name="body")).graph("residual"))]
    [('body', 'image')]

    ``name`` is the block that the sum closes, by its scope, or the sum itself where that says more.
    """

    name: str
    add: str
    shortcut: str
    operand: str
    nodes: tuple[str, ...]


def branches(graph: Graph) -> tuple[Branch, ...]:
    """Every branch of ``graph`` that a shortcut goes around, so that the network without it is still a network.

    >>> from featherbone.graph import image, scope
    >>> x = image(3, 8).conv(4, 3, name="stem")
    >>> with scope("block1"):
    ...     x = x + x.conv(4, 3).norm()
    >>> [(branch.name, branch.nodes) for branch in branches(x.graph("tiny"))]
    [('block1', ('block1.conv', 'block1.conv_norm'))]

    A shortcut holds no weights of its own: it is the identity, or pools and pads. A projection is none, since it would
    be all that is left of the block.
    """
    found: list[tuple[Node, str, str, tuple[str, ...]]] = []
    behind = _ancestors(graph)
    for terms in _sums(graph):
        operands = [operand for _, operand in terms]
        own = {name: _own(graph, behind, name, operands) for name in operands}
        shortcut = next((name for name in operands if not any(map(_works, own[name]))), None)
        if shortcut is not None and len(own) == len(operands):
            for node, name in terms:
                if any(map(_works, own[name])):
                    found.append((node, shortcut, name, tuple(each.name for each in own[name])))
    scopes = Counter(node.name.rpartition(".")[0] for node, *_ in found)
    sums = Counter(node.name for node, *_ in found)
    return tuple(
        Branch(name=_name(node, operand, scopes, sums), add=node.name, shortcut=shortcut, operand=operand, nodes=nodes)
        for node, shortcut, operand, nodes in found
    )


def drop_branches(graph: Graph, names: Collection[str]) -> Graph:
    """``graph`` without these branches, and without what nobody reads any more.

    >>> from featherbone.graph import image, scope
    >>> x = image(3, 8).conv(4, 3, name="stem")
    >>> with scope("block1"):
    ...     x = x + x.conv(4, 3).norm()
    >>> [node.name for node in drop_branches(x.act("relu").graph("tiny"), ["block1"]).nodes]
    ['image', 'stem', 'act']

    A sum that is left with one map goes too. Other nodes keep their names; where the owner of shared weights goes, the
    first node that shares them owns them.

    Raises:
        FeatherboneError: a name that no branch has.
    """
    known = {branch.name: branch for branch in branches(graph)}
    dropped: set[tuple[str, str]] = set()
    for name in names:
        if name not in known:
            raise FeatherboneError(
                f"{graph.name} has no branch {name!r} that can be dropped",
                hint=did_you_mean(name, known) if known else "none of its sums has a shortcut without weights",
            )
        dropped.add((known[name].add, known[name].operand))
    stands: dict[str, str] = {}  # for a sum that went, the map that is left of it, if any
    left: list[Node] = []
    for node in graph.nodes:
        rest = [stands.get(name, name) for name in node.inputs if (node.name, name) not in dropped]
        rest = [name for name in rest if name]
        if len(rest) < 2 and isinstance(node.operator, Add):
            stands[node.name] = rest[0] if rest else ""
        else:
            left.append(node._replace(inputs=tuple(rest)))
    outputs = tuple(stands.get(name, name) for name in graph.outputs)
    left = _needed(left, outputs)
    owners = _owners(left)
    entries = [(node.name, node.operator, node.inputs) for node in left]
    return Graph.build(graph.name, entries, outputs, shares=owners, unused=graph.unused)


def _ancestors(graph: Graph) -> dict[str, int]:
    """For each node itself and all that it depends on, as the bits of a number."""
    behind: dict[str, int] = {}
    for place, node in enumerate(graph.nodes):
        bits = 1 << place
        for name in node.inputs:
            bits |= behind[name]
        behind[node.name] = bits
    return behind


def _sums(graph: Graph) -> Iterator[list[tuple[Node, str]]]:
    """The terms of each sum, with the node that adds each: a sum that only a sum reads is part of that one."""
    readers = graph.consumers()
    terms: dict[str, list[tuple[Node, str]]] = {}
    for node in graph.nodes:
        if isinstance(node.operator, Add):
            found: list[tuple[Node, str]] = []
            for name in node.inputs:
                inner = name in terms and len(readers[name]) == 1 and name not in graph.outputs
                found += terms.pop(name) if inner else [(node, name)]
            terms[node.name] = found
    yield from terms.values()


def _own(graph: Graph, behind: dict[str, int], name: str, operands: Sequence[str]) -> list[Node]:
    """The nodes that one operand of a sum depends on and the others do not."""
    bits = behind[name]
    for other in operands:
        if other != name:
            bits &= ~behind[other]
    return [node for place, node in enumerate(graph.nodes) if bits >> place & 1]


def _works(node: Node) -> bool:
    """Whether a node does more than a shortcut may."""
    return isinstance(node.operator, WORKING)


def _name(node: Node, operand: str, scopes: Counter[str], sums: Counter[str]) -> str:
    scope = node.name.rpartition(".")[0]
    if scope and scopes[scope] == 1:
        return scope
    return node.name if sums[node.name] == 1 else f"{node.name}:{operand}"


def _needed(nodes: list[Node], outputs: tuple[str, ...]) -> list[Node]:
    """The inputs, and every node that an output depends on."""
    wanted = set(outputs)
    for node in reversed(nodes):
        if node.name in wanted:
            wanted.update(node.inputs)
    return [node for node in nodes if node.name in wanted or isinstance(node.operator, Input)]


def _owners(nodes: list[Node]) -> dict[str, str]:
    """Who shares whose weights, where an owner may be gone."""
    there = {node.name for node in nodes}
    heirs: dict[str, str] = {}
    owners: dict[str, str] = {}
    for node in nodes:
        if node.shares in there:
            owners[node.name] = node.shares
        elif node.shares in heirs:
            owners[node.name] = heirs[node.shares]
        elif node.shares:
            heirs[node.shares] = node.name
    return owners
