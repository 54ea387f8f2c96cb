"""A trained network cut down to limits: which channels, then what is left mended, in rounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from featherbone.graph import Graph
from featherbone.graph.channel_sets import channel_sets
from featherbone.graph.operators.base import Kept
from featherbone.progress import Progress, Step, silent
from featherbone.rewrite.cutting.means import Means
from featherbone.rewrite.cutting.mixed_plan import plan_mixed, require_reachable
from featherbone.rewrite.cutting.prices import Measure
from featherbone.rewrite.cutting.weigh import Weighed, weigh
from featherbone.rewrite.drop import drop
from featherbone.rewrite.mending.mend import Mended, mend
from featherbone.rewrite.narrow import narrow
from featherbone.rewrite.trained_graph import TrainedGraph

CHANNELS = Means(blocks=False)


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A network after a cut; ``kept`` are for each node the channels of the uncut one that stayed.

    ``dropped`` are the branches that went, by the names of ``featherbone.graph.branches``.
    ``loss`` is what was expected of the cut before mending, in nats of divergence of the answers, over all rounds;
    ``mended`` says of the last round which layers were fitted, how well, and which were left.
    """

    network: TrainedGraph
    kept: Mapping[str, Kept]
    dropped: tuple[str, ...]
    loss: float
    mended: Mended


def cut_to(
    network: TrainedGraph,
    images: torch.Tensor,
    limits: Mapping[str, float],
    measure: Measure,
    means: Means = CHANNELS,
    *,
    rounds: int = 1,
    weighed: Weighed | None = None,
    progress: Progress = silent,
) -> Cut:
    """Cut channels, and blocks where ``means`` allow it, until at most ``limits`` of each quantity are left; then mend.

    >>> from featherbone.cost import count
    >>> from featherbone.graph import image
    >>> from featherbone.nn import module, weights_of
    >>> from featherbone.rewrite.cutting.prices import Amount
    >>> graph = image(3, 8).conv(8, 3, name="a", bias=True).act("relu").global_pool().flatten().linear(2).graph("tiny")
    >>> def parameters(graph):
    ...     rows = count(graph).rows
    ...     return {"params": Amount(total=count(graph).params, nodes={row.name: row.params for row in rows})}
    >>> images = torch.randn(20, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> found = cut_to(TrainedGraph(graph, weights_of(module(graph, seed=0))), images, {"params": 130}, parameters)
    >>> found.network.graph["a"].shape, count(found.network.graph).params
    ((4, 8, 8), 122)

    ``images`` are as the network takes them and need no labels; a few hundred are good, and so are thousands. With
    several ``rounds``, each goes an equal part of the way, in ratios, and begins from what the one before mended;
    ``weighed`` is what ``weigh`` found, where that was done before. The resolution stays (``shrink`` lowers it). Fold
    norms into convolutions before (``fold``): what is mended then makes up for more.

    Raises:
        FeatherboneError: limits that no cut reaches; what ``mend`` refuses.
    """
    graph = network.graph
    whole = {what: quantity.total for what, quantity in measure(graph).items()}
    require_reachable(graph, limits, measure, means)
    now, loss = network, 0.0
    kept: dict[str, Kept] = {node.name: tuple(range(int(node.shape[0]))) for node in graph.nodes}
    dropped: tuple[str, ...] = ()
    mended = Mended(network=network, layers=(), left=())
    for done in range(1, rounds + 1):
        progress(Step(name="cut", detail=f"round {done} of {rounds}" if rounds > 1 else ""))
        part = {what: _part(whole[what], limit, done / rounds) for what, limit in limits.items()}
        if weighed is None or done > 1:
            weighed = weigh(now, images, means, progress)
        plan = plan_mixed(weighed, part, measure, multiple=means.multiple)
        smaller = narrow(*drop(*now, plan.dropped), plan.cut)
        kept = {name: tuple([kept[name][place] for place in places]) for name, places in smaller.kept.items()}
        mended = mend(network, TrainedGraph(smaller.graph, smaller.weights), images, kept=kept, progress=progress)
        now, loss, dropped = mended.network, loss + plan.loss, (*dropped, *plan.dropped)
    return Cut(network=now, kept=kept, dropped=dropped, loss=loss, mended=mended)


def _part(whole: float, limit: float, share: float) -> float:
    """The limit of a round that has gone so far: an equal ratio in each."""
    return limit if limit >= whole or share == 1 else whole * (limit / whole) ** share


def widths(before: Graph, after: Graph) -> list[tuple[str, int, int]]:
    """For each width that a cut changed: the node that writes it first, and its channels before and after.

    Where the node is gone with its block, none are left.

    >>> from featherbone.graph import image
    >>> one, two = (image(3, 8).conv(wide, 3, name="a").conv(4, 3, name="b").graph("tiny") for wide in (8, 5))
    >>> widths(one, two)
    [('a', 8, 5)]
    """
    first = {space.nodes[0]: space for space in channel_sets(before).spaces if not space.fixed}
    found = []
    for name in first:
        was, now = int(before[name].shape[0]), int(after[name].shape[0]) if name in after else 0
        if was != now:
            found.append((name, was, now))
    return found
