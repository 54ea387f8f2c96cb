"""Which layers to factorize, and how far, so that a network keeps a limit and loses least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from featherbone.cost import count
from featherbone.errors import FeatherboneError
from featherbone.quantity import format_count
from featherbone.rewrite.factorizing.catalogue import form_named
from featherbone.rewrite.factorizing.plan import FactorizedLayer, FormTable, largest_within, weighed
from featherbone.rewrite.mending.moments import Moments
from featherbone.rewrite.trained_graph import TrainedGraph


def best_of_each(table: FormTable) -> list[FactorizedLayer]:
    """For each layer what loses least of all that was tried."""
    layers = dict.fromkeys(each.layer for each in table.tried)
    return [min(table.of(layer), key=lambda each: (each.error, each.cost.macs)) for layer in layers]


def within(
    network: TrainedGraph, table: FormTable, limit: int, moments: Mapping[str, Moments] | None = None
) -> list[FactorizedLayer]:
    """Of what was tried, a choice for some layers after which the network has at most ``limit`` multiply-adds.

    The errors of the layers, as shares of what each writes, are added up, and the sum is kept small: each layer goes
    down the lower convex hull of its choices, whichever loses least for what it saves next. The last one goes no
    further than it has to.

    Raises:
        FeatherboneError: the limit is kept already, or can't be reached by what was tried.
    """
    graph = network.graph
    left = macs = int(count(graph).macs)
    if limit >= macs:
        raise FeatherboneError(
            f"there is nothing to do: {graph.name} has {format_count(macs)} multiply-adds, and the limit is "
            f"{format_count(limit)}",
            hint="ask for less",
        )
    layers = dict.fromkeys(each.layer for each in table.tried)
    chosen: dict[str, FactorizedLayer] = {}
    for _, step in sorted((step for layer in layers for step in _steps(table.of(layer))), key=lambda each: each[0]):
        before = chosen.get(step.layer)
        left -= step.saved - (before.saved if before else 0)
        chosen[step.layer] = step
        if left <= limit:
            seen = (moments or {}).get(step.layer)
            chosen[step.layer] = _no_further(network, step, limit - left, seen)
            return [chosen[layer] for layer in layers if layer in chosen]
    raise FeatherboneError(
        f"{graph.name} has {format_count(macs)} multiply-adds, and {format_count(left)} with each layer as far down as "
        f"was tried; the limit is {format_count(limit)}",
        hint="ask for more, or allow other forms (--into all)",
    )


def _steps(tried: Sequence[FactorizedLayer]) -> list[tuple[float, FactorizedLayer]]:
    """The way down the lower convex hull of errors over what is saved: choices, and the error for each multiply-add."""
    steps, saved, error = [], 0, 0.0
    while ahead := [each for each in tried if each.saved > saved]:
        slopes = {place: (each.error - error) / (each.saved - saved) for place, each in enumerate(ahead)}
        place = min(slopes, key=lambda place: (slopes[place], -ahead[place].saved))
        steps.append((slopes[place], ahead[place]))
        saved, error = ahead[place].saved, ahead[place].error
    return steps


def _no_further(network: TrainedGraph, choice: FactorizedLayer, spare: int, seen: Moments | None) -> FactorizedLayer:
    """The choice at the largest rank that needs at most ``spare`` multiply-adds more."""
    form = form_named(choice.form)
    (rank,) = largest_within(network.graph, choice.layer, form, choice.cost.macs + spare)
    return choice if rank == choice.rank else weighed(network, choice.layer, form, rank, seen)
