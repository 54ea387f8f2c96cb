"""Why two tools print different numbers for one network: the conventions side by side, operator by operator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from featherbone.cost.calls import NO_CALLS, Calls
from featherbone.cost.convention import PAPERS, Convention
from featherbone.cost.count import count
from featherbone.cost.presets import CONVENTIONS
from featherbone.cost.row import Row
from featherbone.cost.rules import variety
from featherbone.cost.seen import PRODUCTS, label_of
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.dimension import volume


@dataclass(frozen=True, kw_only=True)
class ChargeDifference:
    """Operators of one kind that a tool charges otherwise: how many, and how many MACs more (or fewer) in all."""

    operator: str
    count: int
    macs: int


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One convention's number, how far it is from the papers', and the operators that make the difference.

    >>> from featherbone.networks import network
    >>> [(each.convention, each.difference) for each in explain(network("mobilenet_v2"))][0]
    ('papers', 0)
    """

    convention: str
    macs: int
    difference: int
    parts: tuple[ChargeDifference, ...]


def explain(
    graph: Graph, conventions: Iterable[Convention] | None = None, *, calls: Calls = NO_CALLS
) -> tuple[Explanation, ...]:
    """What each tool prints, and which operators set it apart; the parts add up to the difference, largest first.

    >>> from featherbone.networks import network
    >>> from featherbone.cost import CONVENTIONS
    >>> (fvcore,) = explain(network("resnet50"), [CONVENTIONS["fvcore"]])
    >>> fvcore.macs, fvcore.difference
    (4111512576, 22328320)
    >>> [(part.operator, part.count, part.macs) for part in fvcore.parts]
    [('batch norm', 53, 22227968), ('global pool', 1, 100352)]

    ``conventions`` are all presets unless given; ``calls`` is as in ``count``. Raises FeatherboneError where the graph
    has symbolic sizes.
    """
    if graph.is_symbolic:
        raise FeatherboneError(
            f"{graph.name} has symbolic sizes, whose differences cannot be sorted", hint="give it numbers"
        )
    papers = count(graph, PAPERS).rows
    return tuple(
        _explanation(papers, convention, count(graph, convention, calls=calls).rows)
        for convention in (CONVENTIONS.values() if conventions is None else conventions)
    )


def _explanation(papers: tuple[Row, ...], convention: Convention, charged: tuple[Row, ...]) -> Explanation:
    found: dict[str, list[int]] = {}
    for before, after in zip(papers, charged, strict=True):
        difference = int(after.macs) - int(before.macs)
        if difference:
            found.setdefault(_what(before, difference), []).append(difference)
    parts = [ChargeDifference(operator=what, count=len(each), macs=sum(each)) for what, each in found.items()]
    return Explanation(
        convention=convention.name,
        macs=sum(int(row.macs) for row in charged),
        difference=sum(part.macs for part in parts),
        parts=tuple(sorted(parts, key=lambda part: -abs(part.macs))),
    )


def _what(row: Row, difference: int) -> str:
    """A kind of operator, and what of it is charged otherwise where that is plain to see."""
    words = (variety(row.operator) if row.kind in ("activation", "opaque") else row.kind).replace("_", " ")
    if row.macs and difference == -int(row.macs):
        return f"{words}, not seen"
    biased = getattr(row.operator, "bias", False) or label_of(row.operator, row.output) in PRODUCTS
    if biased and difference == volume(row.output):
        return f"bias of {words}"
    if row.macs:
        return f"{words}, in part" if difference < 0 else f"{words}, and more"
    return words
