"""Which sets of channels to cut for given limits: the least loss for what is saved, over the whole network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.channel_sets import ChannelSets
from featherbone.graph.narrow import kept_channels, narrowed_graph
from featherbone.rewrite.cutting.elimination import Elimination
from featherbone.rewrite.cutting.prices import Amount, Measure, Prices


@dataclass(frozen=True, kw_only=True)
class CutPlan:
    """The numbers of the sets to cut, the graph without them, and the loss in nats that is expected of it."""

    cut: tuple[int, ...]
    graph: Graph
    loss: float


def plan_cut(
    sets: ChannelSets, losses: Mapping[int, Elimination], limits: Mapping[str, float], measure: Measure
) -> CutPlan:
    """The sets to cut so that the network has at most ``limits`` of what ``measure`` says of a graph.

    ``losses`` are what ``featherbone.rewrite.cutting.losses`` finds. Each time the space goes a set further whose loss
    is the least for the part of the excess that it saves; where several limits are exceeded, the parts are added. At
    least one set of each space stays.

    Raises:
        FeatherboneError: a limit below what one set of each space costs.
    """
    gone = dict.fromkeys(losses, 0)
    loss, graph = 0.0, sets.graph
    found = measure(graph)
    while exceeded := {what: found[what].total - limit for what, limit in limits.items() if found[what].total > limit}:
        more = _further(sets, losses, gone, found, exceeded)
        if not more:
            raise _impossible(sets.graph, graph, found, limits)
        for place, count in more.items():
            loss += sum(losses[place].costs[gone[place] : gone[place] + count])
            gone[place] += count
        graph = _graph(sets, losses, gone)
        found = measure(graph)
    return CutPlan(cut=_cut(sets, losses, gone), graph=graph, loss=loss)


def require_possible(sets: ChannelSets, limits: Mapping[str, float], measure: Measure) -> None:
    """Raise, before anything is weighed, where even one set of each width exceeds a limit."""
    cut = [number for space in sets.spaces if not space.fixed for number in space.sets[:-1]]
    smallest = narrowed_graph(sets.graph, kept_channels(sets, cut))
    found = measure(smallest)
    if any(found[what].total > limit for what, limit in limits.items()):
        raise _impossible(sets.graph, smallest, found, limits)


def _further(
    sets: ChannelSets,
    losses: Mapping[int, Elimination],
    gone: Mapping[int, int],
    found: Mapping[str, Amount],
    exceeded: Mapping[str, float],
) -> dict[int, int]:
    """How many sets more of each space go, until about half of the excess is saved, or all by a single one."""
    kept = {place: len(space.sets) for place, space in enumerate(sets.spaces)}
    kept.update({place: len(sets.spaces[place].sets) - count for place, count in gone.items()})
    prices = Prices(sets, kept, {what: found[what] for what in exceeded})
    more: dict[int, int] = {}
    left = dict(exceeded)
    gains = {place: _gain(prices, left, place, kept) for place in losses}
    while any(left[what] > exceeded[what] / 2 for what in left):
        best, least = None, float("inf")
        for place, curve in losses.items():
            at = gone[place] + more.get(place, 0)
            if at < len(curve.costs) and gains[place] > 0 and curve.costs[at] / gains[place] < least:
                best, least = place, curve.costs[at] / gains[place]
        if best is None:
            break
        for what in left:
            left[what] -= prices.saved(what, best, 1, kept)
        kept[best] -= 1
        more[best] = more.get(best, 0) + 1
        gains = {place: _gain(prices, left, place, kept) for place in losses}
        if any(left[what] <= 0 for what in left):
            break
    return more


def _gain(prices: Prices, left: Mapping[str, float], place: int, kept: Mapping[int, int]) -> float:
    """The parts of what is left to save that one set of a space brings."""
    if kept[place] <= 1:
        return 0.0
    return sum(min(prices.saved(what, place, 1, kept) / much, 1.0) for what, much in left.items() if much > 0)


def _cut(sets: ChannelSets, losses: Mapping[int, Elimination], gone: Mapping[int, int]) -> tuple[int, ...]:
    return tuple(
        sets.spaces[place].sets[number] for place, count in gone.items() for number in losses[place].order[:count]
    )


def _graph(sets: ChannelSets, losses: Mapping[int, Elimination], gone: Mapping[int, int]) -> Graph:
    return narrowed_graph(sets.graph, kept_channels(sets, _cut(sets, losses, gone)))


def _impossible(
    whole: Graph, smallest: Graph, found: Mapping[str, Amount], limits: Mapping[str, float]
) -> FeatherboneError:
    over = ", ".join(
        f"{what} {found[what].total:,.6g} (at most {limit:,.6g})"
        for what, limit in limits.items()
        if found[what].total > limit
    )
    return FeatherboneError(
        f"with one set of channels left of each width, {whole.name} still has {over}",
        hint="allow more, lower the resolution, or begin from a smaller network",
    )
