"""Which sets of channels to cut for given limits: the least loss for what is saved, over the whole network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.channel_sets import ChannelSets, ChannelSpace
from featherbone.graph.narrow import kept_channels, narrowed_graph
from featherbone.rewrite.cutting.elimination import Elimination
from featherbone.rewrite.cutting.prices import Amount, Measure, Prices

ONE_SET = "one set of channels left of each width"


@dataclass(frozen=True, kw_only=True)
class CutPlan:
    """The sets to cut, the graph without them, and the loss in nats that is expected of it.

    ``cut`` are numbers of sets of the graph that is left once the branches ``dropped`` are gone.
    """

    cut: tuple[int, ...]
    graph: Graph
    loss: float
    dropped: tuple[str, ...] = ()


def plan_cut(
    sets: ChannelSets,
    losses: Mapping[int, Elimination],
    limits: Mapping[str, float],
    measure: Measure,
    *,
    multiple: int = 1,
) -> CutPlan:
    """The sets to cut so that the network has at most ``limits`` of what ``measure`` says of a graph.

    ``losses`` are what ``featherbone.rewrite.cutting.losses`` finds. Each time the space goes a step further whose loss
    is the least for the part of the excess that it saves; where several limits are exceeded, the parts are added. A
    step is one set, or what leads to the next ``multiple`` of channels (``next_kept``). At least one set of each space
    stays.

    Raises:
        FeatherboneError: a limit below what one set of each space costs.
    """
    gone = dict.fromkeys(losses, 0)
    loss, graph = 0.0, sets.graph
    found = measure(graph)
    while exceeded := {what: found[what].total - limit for what, limit in limits.items() if found[what].total > limit}:
        more = _further(sets, losses, gone, found, exceeded, multiple)
        if not more:
            raise _impossible(ONE_SET, sets.graph, found, limits)
        for place, count in more.items():
            loss += sum(losses[place].costs[gone[place] : gone[place] + count])
            gone[place] += count
        graph = _graph(sets, losses, gone)
        found = measure(graph)
    return CutPlan(cut=_cut(sets, losses, gone), graph=graph, loss=loss)


def require_possible(
    sets: ChannelSets, limits: Mapping[str, float], measure: Measure, *, widths: bool = True, left: str = ONE_SET
) -> None:
    """Raise, before anything is weighed, where even one set of each width exceeds a limit; all, without ``widths``.

    ``left`` says in the message what was left.
    """
    cut = [number for space in sets.spaces if widths and not space.fixed for number in space.sets[:-1]]
    smallest = narrowed_graph(sets.graph, kept_channels(sets, cut))
    found = measure(smallest)
    if any(found[what].total > limit for what, limit in limits.items()):
        raise _impossible(left, sets.graph, found, limits)


def next_kept(space: ChannelSpace, kept: int, multiple: int) -> int:
    """How many sets of a space a step leaves of ``kept``: those of the next smaller multiple of so many channels.

    >>> from featherbone.graph import channel_sets, image
    >>> space = channel_sets(image(3, 8).conv(24, 3, name="a").conv(2, 1).graph("tiny")).spaces[1]
    >>> next_kept(space, 24, 16), next_kept(space, 16, 16), next_kept(space, 8, 16)
    (16, 8, 4)

    Below one multiple its half is the next step, then the half of that: widths that a vector of a smaller processor
    holds. A space whose sets have no such numbers of channels goes set by set.
    """
    each = space.channels // len(space.sets)
    while multiple > 1:
        fewer = (kept - 1) * each // multiple * multiple // each
        if fewer > 0 and fewer * each % multiple == 0:
            return fewer
        multiple //= 2
    return kept - 1


def _further(
    sets: ChannelSets,
    losses: Mapping[int, Elimination],
    gone: Mapping[int, int],
    found: Mapping[str, Amount],
    exceeded: Mapping[str, float],
    multiple: int,
) -> dict[int, int]:
    """How many sets more of each space go, until about half of the excess is saved, or all by a single step."""
    kept = {place: len(space.sets) for place, space in enumerate(sets.spaces)}
    kept.update({place: len(sets.spaces[place].sets) - count for place, count in gone.items()})
    prices = Prices(sets, kept, {what: found[what] for what in exceeded})
    left, before = dict(exceeded), dict(kept)
    steps: dict[int, _PricedStep] = {}
    changed: Iterable[int] = losses
    while any(left[what] > exceeded[what] / 2 for what in left):
        for place in changed:
            steps[place] = _step(sets.spaces[place], losses[place], prices, place, kept, multiple)
        worth = {place: step.loss / gain for place, step in steps.items() if (gain := step.gain(left)) > 0}
        if not worth:
            break
        best = min(worth, key=worth.__getitem__)
        for what in left:
            left[what] -= steps[best].saved[what]
        kept[best] -= steps[best].sets
        if any(left[what] <= 0 for what in left):
            break
        changed = [place for place in prices.beside(best) if place in losses]
    return {place: before[place] - kept[place] for place in losses if kept[place] < before[place]}


@dataclass(frozen=True, kw_only=True)
class _PricedStep:
    """The next step of a space: so many sets, what they lose, and what they save of each quantity."""

    sets: int
    loss: float
    saved: Mapping[str, float]

    def gain(self, left: Mapping[str, float]) -> float:
        """The parts of what is left to save that it brings."""
        return sum(min(self.saved[what] / much, 1.0) for what, much in left.items() if much > 0)


def _step(
    space: ChannelSpace, curve: Elimination, prices: Prices, place: int, kept: Mapping[int, int], multiple: int
) -> _PricedStep:
    if kept[place] <= 1:
        return _PricedStep(sets=0, loss=0.0, saved=dict.fromkeys(prices.touched, 0.0))
    count, at = kept[place] - next_kept(space, kept[place], multiple), len(space.sets) - kept[place]
    saved = {what: prices.saved(what, place, count, kept) for what in prices.touched}
    return _PricedStep(sets=count, loss=sum(curve.costs[at : at + count]), saved=saved)


def _cut(sets: ChannelSets, losses: Mapping[int, Elimination], gone: Mapping[int, int]) -> tuple[int, ...]:
    return tuple(
        sets.spaces[place].sets[number] for place, count in gone.items() for number in losses[place].order[:count]
    )


def _graph(sets: ChannelSets, losses: Mapping[int, Elimination], gone: Mapping[int, int]) -> Graph:
    return narrowed_graph(sets.graph, kept_channels(sets, _cut(sets, losses, gone)))


def _impossible(left: str, whole: Graph, found: Mapping[str, Amount], limits: Mapping[str, float]) -> FeatherboneError:
    over = ", ".join(
        f"{what} {found[what].total:,.6g} (at most {limit:,.6g})"
        for what, limit in limits.items()
        if found[what].total > limit
    )
    return FeatherboneError(
        f"with {left}, {whole.name} still has {over}",
        hint="allow more, lower the resolution, or begin from a smaller network",
    )
