"""From what was recorded to a graph: drop views that nothing reads, count every weight once, name every node."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from featherbone.graph import Graph, Node, Shape
from featherbone.graph.operators import Opaque, Operator
from featherbone.nn.capture.entry import TracedOperator
from featherbone.nn.capture.names import clean, home_of, names


def finish(
    name: str, entries: list[TracedOperator], outputs: list[TracedOperator], sizes: Mapping[str, tuple[int, ...]]
) -> Graph:
    """The graph of all that ran; ``sizes`` are the parameters' shapes."""
    return finish_named(name, entries, outputs, sizes)[0]


def finish_named(
    name: str,
    entries: list[TracedOperator],
    outputs: list[TracedOperator],
    sizes: Mapping[str, tuple[int, ...]],
    *,
    registered: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
) -> tuple[Graph, dict[TracedOperator, str]]:
    """The graph of all that ran, and the name of each entry in it; ``sizes`` are the parameters' shapes.

    Of ``registered``, the parameters that a module has whatever it runs, those that nothing read become the graph's
    unused ones: what a module holds must not depend on the branch that its input took.
    """
    living = _living(entries, outputs)
    weighted = _weights_once(living, sizes)
    named = names(living, weighted)
    nodes = []
    for entry in living:
        operator, shares = weighted[entry]
        nodes.append(
            Node(
                name=named[entry],
                operator=operator,
                inputs=tuple([named[source] for source in entry.inputs]),
                shape=entry.shape,
                shares="" if shares is None else named[shares],
            )
        )
    title = re.sub(r"\s+", " ", name).strip()[:200] or "model"
    read = {weight for entry in living for weight in entry.weights}
    unused = {clean(weight): shape for weight, shape in registered.items() if weight not in read}
    graph = Graph(
        name=title,
        nodes=tuple(nodes),
        outputs=tuple(named[entry] for entry in outputs),
        unused=tuple(unused.items()),
    )
    return graph, named


def _living(entries: list[TracedOperator], outputs: list[TracedOperator]) -> list[TracedOperator]:
    """Everything but the views that nothing reads; what was computed for nothing was computed all the same."""
    read = set(outputs)
    kept: list[TracedOperator] = []
    for entry in reversed(entries):
        if entry.moves and entry not in read and not entry.weights:
            continue
        read.update(entry.inputs)
        kept.append(entry)
    return kept[::-1]


def _weights_once(
    entries: list[TracedOperator], sizes: Mapping[str, tuple[int, ...]]
) -> dict[TracedOperator, tuple[Operator, TracedOperator | None]]:
    """Each entry's operator, and the entry whose weights it shares."""
    owner: dict[str, TracedOperator] = {}
    found: dict[TracedOperator, tuple[Operator, TracedOperator | None]] = {}
    for entry in entries:
        weights, operator = entry.weights, entry.operator
        if not weights:
            found[entry] = (operator, None)
            continue
        if isinstance(operator, Opaque):
            operator = _carrying(entry, weights, sizes)
        if not owner.keys().isdisjoint(weights):
            owners = {owner.get(name) for name in weights}
            first = owners.pop() if len(owners) == 1 else None
            if first is not None and _same_weights(operator, entry, *found[first], first):
                found[entry] = (operator, first)
                continue
            weights = tuple(name for name in weights if name not in owner)
            operator = _carrying(entry, weights, sizes)  # an operator of the vocabulary cannot say whose the others are
        for name in weights:
            owner[name] = entry
        found[entry] = (operator, None)
    return found


def _same_weights(
    operator: Operator, entry: TracedOperator, other: Operator, shares: TracedOperator | None, first: TracedOperator
) -> bool:
    if shares is not None:
        return False
    mine, theirs = _shapes(entry), _shapes(first)
    return operator.parameters(*mine) == other.parameters(*theirs) and operator.buffers(*mine) == other.buffers(*theirs)


def _shapes(entry: TracedOperator) -> list[Shape]:
    return [source.shape for source in entry.inputs]


def _carrying(entry: TracedOperator, weights: tuple[str, ...], sizes: Mapping[str, tuple[int, ...]]) -> Opaque:
    """An opaque operator with weights: their names inside the module that holds them all, and their shapes."""
    home = home_of(weights) if weights else ""
    start = len(home) + 1 if home else 0
    carried = tuple([(name[start:], sizes[name]) for name in weights])
    return Opaque(label=entry.label, shape=entry.shape, weights=carried, macs=entry.macs)
