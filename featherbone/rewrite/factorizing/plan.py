"""What each layer of a network would lose and cost in each form, before any of them is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.operators import Operator
from featherbone.progress import Progress, Reading, silent
from featherbone.rewrite.factorizing.catalogue import form_named
from featherbone.rewrite.factorizing.costs import LayerCost, form_cost, layer_cost, paying_ranks
from featherbone.rewrite.factorizing.factorize import replaced, require_rank
from featherbone.rewrite.factorizing.form import Form
from featherbone.rewrite.factorizing.layer import layer_of, reason_against, share_lost
from featherbone.rewrite.mending.moments import Moments
from featherbone.rewrite.trained_graph import TrainedGraph

POINTS = 12  # ranks of a layer and form that are tried where any may be taken

Ranks = Callable[[Graph, str, Form], Sequence[int] | str]  # which are to be tried of a form that applies, or why none


@dataclass(frozen=True, kw_only=True)
class FactorizedLayer:
    """A layer in a form of a rank: what that loses, and what it costs beside the ``whole`` layer.

    ``operators`` are the chain that stands for it. ``error`` is the share of the variance of what the layer writes for
    the images, and without images the share of its squared weights.
    """

    layer: str
    form: str
    rank: int
    error: float
    cost: LayerCost
    whole: LayerCost
    operators: tuple[Operator, ...]

    @property
    def saved(self) -> int:
        """Multiply-adds."""
        return self.whole.macs - self.cost.macs


@dataclass(frozen=True, kw_only=True)
class FormTable:
    """All that was tried, and for each layer for which no form was: its name and why."""

    tried: tuple[FactorizedLayer, ...]
    left: tuple[tuple[str, str], ...]

    def of(self, layer: str) -> list[FactorizedLayer]:
        """What was tried of one layer."""
        return [each for each in self.tried if each.layer == layer]


def tabulate(
    network: TrainedGraph,
    layers: Sequence[str],
    forms: Sequence[str],
    ranks: Ranks,
    moments: Mapping[str, Moments] | None = None,
    *,
    progress: Progress = silent,
) -> FormTable:
    """Each of these layers in each of these forms that applies, at the ranks that are asked for.

    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> graph = image(8, 8).conv(8, 3, name="a").depthwise(3, name="b").graph("tiny")
    >>> network = TrainedGraph(graph, weights_of(module(graph, seed=0)))
    >>> table = tabulate(network, ["a", "b"], ["asymmetric"], at_share(0.5))
    >>> [(each.form, each.rank, each.cost.macs / each.whole.macs) for each in table.tried]
    [('asymmetric', 6, 0.5)]
    >>> table.left
    (('b', 'depthwise 3×3 is factorized by its groups already'),)

    Raises:
        FeatherboneError: a form or a layer that does not exist.
    """
    graph = network.graph
    chosen = [form_named(form) for form in forms]
    tried: list[FactorizedLayer] = []
    left = []
    for done, layer in enumerate(layers):
        progress(Reading(what="trying forms", done=done, total=len(layers), unit="layers"))
        reasons, seen = [], (moments or {}).get(layer)
        for form in chosen:
            if reason := reason_against(graph, layer, form):
                reasons.append(reason)
                continue
            if moments is not None and seen is None:
                reasons.append("there are no moments of what it reads")
                continue
            wanted = ranks(graph, layer, form)
            if isinstance(wanted, str):
                reasons.append(wanted)
                continue
            tried += [weighed(network, layer, form, rank, seen) for rank in wanted]
        if len(reasons) == len(chosen):
            left.append((layer, "; ".join(dict.fromkeys(reasons))))
    return FormTable(tried=tuple(tried), left=tuple(left))


def weighed(
    network: TrainedGraph, layer: str, form: Form, rank: int, moments: Moments | None = None
) -> FactorizedLayer:
    """What a layer loses and costs in a form that applies to it."""
    found = layer_of(*network, layer, moments)
    fitted = form.fit(found, rank)
    return FactorizedLayer(
        layer=layer,
        form=form.name,
        rank=rank,
        error=share_lost(found, fitted, moments),
        cost=form_cost(network.graph, layer, form, rank),
        whole=layer_cost(network.graph, layer),
        operators=tuple(link.operator for link in fitted.links),
    )


def at_rank(rank: int) -> Ranks:
    """One rank for all layers, where it saves something."""

    def chosen(graph: Graph, layer: str, form: Form) -> list[int] | str:
        try:
            require_rank(graph, layer, form, rank)
        except FeatherboneError as error:
            return f"{error.sentence} ({error.hint})"
        return [rank]

    return chosen


def at_share(share: float) -> Ranks:
    """The largest rank that needs at most this share of the layer's multiply-adds."""

    def chosen(graph: Graph, layer: str, form: Form) -> list[int] | str:
        whole = layer_cost(graph, layer).macs
        found = largest_within(graph, layer, form, share * whole)
        return found or f"{form.name} needs over {share:g} of its multiply-adds at any rank"

    return chosen


def at_points(points: int = POINTS) -> Ranks:
    """Ranks all over those that save something, so that their multiply-adds are about evenly apart."""

    def chosen(graph: Graph, layer: str, form: Form) -> list[int] | str:
        whole = layer_cost(graph, layer).macs
        found = {
            rank
            for point in range(1, points + 1)
            for rank in largest_within(graph, layer, form, whole * point / (points + 1))
        }
        every = sorted({*found, *paying_ranks(graph, layer, form)[-1:]})
        return every or f"{form.name} saves nothing at any rank"

    return chosen


def largest_within(graph: Graph, layer: str, form: Form, macs: float) -> list[int]:
    """The largest rank with at most so many multiply-adds that saves something; none where there is no such rank."""
    ranks = paying_ranks(graph, layer, form)
    low, high = 0, len(ranks)
    while low < high:
        middle = (low + high) // 2
        if form_cost(graph, layer, form, ranks[middle]).macs <= macs:
            low = middle + 1
        else:
            high = middle
    return ranks[low - 1 : low] if low else []


def applied(
    network: TrainedGraph, chosen: Sequence[FactorizedLayer], moments: Mapping[str, Moments] | None = None
) -> TrainedGraph:
    """The network with all of these layers in their forms.

    Raises:
        FeatherboneError: what ``factorize`` refuses.
    """
    for each in chosen:
        form, seen = form_named(each.form), (moments or {}).get(each.layer)
        require_rank(network.graph, each.layer, form, each.rank)
        layer = layer_of(*network, each.layer, seen)
        network = replaced(*network, each.layer, layer, form.fit(layer, each.rank), seen)
    return network
