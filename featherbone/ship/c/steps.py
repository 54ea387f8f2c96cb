"""A network as the calls that compute it: each an operator, with the ends and the sum that are taken along with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from featherbone.graph import Graph, Node
from featherbone.graph import operators as op

SUMMING = (op.Conv, op.ConvTranspose, op.Linear)  # what may add another map to what they write
BOUNDED = (*SUMMING, op.Add, op.Multiply, op.AvgPool)  # what may cut off what they write
Bounds = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class CStep:
    """One call: the node that it computes, and what follows in the same call.

    Fields:
        node: what is computed.
        reads: the maps that are read, the one that is added last.
        writes: the map that is written: the last node of all.
        first: the last map before the sum: the node's own, or of the activation behind it.
        ends: nodes of activations that only cut off, before the sum and behind it.
        sum: the sum that is taken along.
    """

    node: Node
    reads: tuple[str, ...]
    writes: str
    ends: tuple[Node, ...] = ()
    sum: Node | None = None
    sum_ends: tuple[Node, ...] = ()

    @property
    def names(self) -> list[str]:
        """All nodes of it, in their order."""
        return [node.name for node in (self.node, *self.ends, *([self.sum] if self.sum else []), *self.sum_ends)]


@dataclass(frozen=True, kw_only=True)
class Steps:
    """All calls of a network, and for each node whose map is another's, which one that is."""

    graph: Graph
    steps: tuple[CStep, ...]
    same: dict[str, str]

    def map_of(self, name: str) -> str:
        """The map in which what a node writes is found."""
        return self.same.get(name, name)

    @property
    def image(self) -> str:
        """The map that is given."""
        return self.graph.nodes[0].name

    @property
    def answer(self) -> str:
        """The map that is wanted."""
        return self.map_of(self.graph.outputs[0])


def steps_of(graph: Graph, cuts_off: Callable[[Node], bool], copies: Callable[[Node], bool]) -> Steps:
    """The calls of a network.

    >>> from featherbone.graph import image
    >>> x = image(4, 6)
    >>> graph = (x + x.conv(4, 3, name="mix").act("relu")).act("relu", name="last").graph("tiny")
    >>> found = steps_of(graph, lambda node: node.operator.kind == "activation", lambda node: False)
    >>> [(step.names, step.reads, step.writes) for step in found.steps]
    [(['mix', 'mix_act', 'add', 'last'], ('image', 'image'), 'last')]

    ``cuts_off`` says of an activation whether it only cuts off what is below and above two ends, and ``copies`` of any
    node whether it writes what it reads. A sum of two maps is taken along with the layer that writes the later of
    them, if nobody else reads that map.
    """
    readers = {name: len(nodes) for name, nodes in graph.consumers().items()}
    alone = {name for name, count in readers.items() if count == 1} - set(graph.outputs)
    steps: list[CStep] = []
    same: dict[str, str] = {}
    written: dict[str, int] = {}  # by map, the place of its step
    for node in graph.nodes:
        if not node.inputs:
            written[node.name] = -1
            continue
        reads = tuple(same.get(name, name) for name in node.inputs)
        if copies(node):
            same[node.name] = reads[0]
            if readers[node.name] != 1 or node.name in graph.outputs:
                alone.discard(reads[0])
            continue
        place = _joined(node, reads, steps, written, alone, cuts_off)
        if place is None:
            place = len(steps)
            steps.append(CStep(node=node, reads=reads, writes=node.name))
        else:
            steps[place] = _with(steps[place], node, reads)
        written[node.name] = place
    return Steps(graph=graph, steps=tuple(steps), same=same)


def _joined(
    node: Node,
    reads: tuple[str, ...],
    steps: list[CStep],
    written: dict[str, int],
    alone: set[str],
    cuts_off: Callable[[Node], bool],
) -> int | None:
    """The place of the step that takes a node along, if one does."""
    if isinstance(node.operator, op.Activation) and cuts_off(node) and reads[0] in alone:
        place = written[reads[0]]
        return place if place >= 0 and _bounded(steps[place].node) else None
    if isinstance(node.operator, op.Add) and len(reads) == 2 and reads[0] != reads[1]:
        later, earlier = sorted(reads, key=lambda name: -written[name])
        place = written[later]
        if place > written[earlier] and later in alone:
            step = steps[place]
            if isinstance(step.node.operator, SUMMING) and step.sum is None:
                return place
    return None


def _bounded(node: Node) -> bool:
    operator = node.operator
    return isinstance(operator, BOUNDED) or (isinstance(operator, op.GlobalPool) and operator.reduce == "avg")


def _with(step: CStep, node: Node, reads: tuple[str, ...]) -> CStep:
    """A step that takes a node along."""
    if isinstance(node.operator, op.Add):
        (other,) = (name for name in reads if name != step.writes)
        return replace(step, sum=node, reads=(*step.reads, other), writes=node.name)
    if step.sum is not None:
        return replace(step, sum_ends=(*step.sum_ends, node), writes=node.name)
    return replace(step, ends=(*step.ends, node), writes=node.name)
