"""From what was recorded to a graph: drop views that nothing reads, count every weight once, name every node."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from featherbone.graph import Graph, Node, Shape
from featherbone.graph.operators import Opaque, Operator
from featherbone.nn.capture.entry import Entry
from featherbone.nn.capture.names import Names, home_of


def finish(name: str, entries: list[Entry], outputs: list[Entry], sizes: Mapping[str, tuple[int, ...]]) -> Graph:
    """The graph of all that ran; ``sizes`` are the parameters' shapes."""
    living = _living(entries, outputs)
    weighted = _weights_once(living, sizes)
    names = Names(living, weighted)
    nodes = []
    for entry in living:
        operator, shares = weighted[entry]
        nodes.append(
            Node(
                name=names[entry],
                operator=operator,
                inputs=tuple([names[source] for source in entry.inputs]),
                shape=entry.shape,
                shares="" if shares is None else names[shares],
            )
        )
    title = re.sub(r"\s+", " ", name).strip()[:200] or "model"
    return Graph(name=title, nodes=tuple(nodes), outputs=tuple(names[entry] for entry in outputs))


def _living(entries: list[Entry], outputs: list[Entry]) -> list[Entry]:
    """Everything but the views that nothing reads; what was computed for nothing was computed all the same."""
    read = set(outputs)
    kept: list[Entry] = []
    for entry in reversed(entries):
        if entry.moves and entry not in read and not entry.weights:
            continue
        read.update(entry.inputs)
        kept.append(entry)
    return kept[::-1]


def _weights_once(
    entries: list[Entry], sizes: Mapping[str, tuple[int, ...]]
) -> dict[Entry, tuple[Operator, Entry | None]]:
    """Each entry's operator, and the entry whose weights it shares."""
    owner: dict[str, Entry] = {}
    found: dict[Entry, tuple[Operator, Entry | None]] = {}
    for entry in entries:
        names = entry.weights
        if not names:
            found[entry] = (entry.operator, None)
            continue
        owners = {owner.get(name) for name in names}
        first = owners.pop() if len(owners) == 1 else None
        operator = entry.operator
        if isinstance(operator, Opaque):
            operator = replace(operator, weights=_carried(names, sizes))
        if first is not None and _same_weights(operator, entry, *found[first], first):
            found[entry] = (operator, first)
            continue
        new = tuple(name for name in names if name not in owner)
        if len(new) < len(names):  # some are another's: an operator of the vocabulary cannot say so
            operator = Opaque(label=entry.label, shape=entry.shape, weights=_carried(new, sizes), macs=entry.macs)
        owner.update(dict.fromkeys(new, entry))
        found[entry] = (operator, None)
    return found


def _same_weights(operator: Operator, entry: Entry, other: Operator, shares: Entry | None, first: Entry) -> bool:
    if shares is not None:
        return False
    mine, theirs = _shapes(entry), _shapes(first)
    return operator.parameters(*mine) == other.parameters(*theirs) and operator.buffers(*mine) == other.buffers(*theirs)


def _shapes(entry: Entry) -> list[Shape]:
    return [source.shape for source in entry.inputs]


def _carried(names: tuple[str, ...], sizes: Mapping[str, tuple[int, ...]]) -> tuple[tuple[str, Shape], ...]:
    """Weights of an opaque operator: their names inside the module that holds them all, and their shapes."""
    home = home_of(names) if names else ""
    return tuple((name[len(home) + 1 :] if home else name, sizes[name]) for name in names)
