"""Which channels and which blocks to cut for given limits: as many blocks as lose less than channels would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.graph.branches import branches, drop_branches
from featherbone.graph.channel_sets import channel_sets
from featherbone.graph.resize import resize_graph
from featherbone.rewrite.cutting.means import Means
from featherbone.rewrite.cutting.plan import ONE_SET, CutPlan, plan_cut, require_possible
from featherbone.rewrite.cutting.prices import Measure
from featherbone.rewrite.cutting.weigh import Weighed

PATIENCE = 3  # so many blocks more that bring nothing end the search


def plan_mixed(weighed: Weighed, limits: Mapping[str, float], measure: Measure, *, multiple: int = 1) -> CutPlan:
    """The blocks to drop, and the sets to cut of what is then left, so that ``limits`` are kept and least is lost.

    Blocks go in the order of what each loses for what it saves, and after each the channels that are still too many are
    planned for (``plan_cut``); the plan that loses least in all is taken. Losses are added up, which is too little for
    blocks that stand side by side, each of which was weighed with the other there.

    Raises:
        FeatherboneError: limits that are kept by no number of blocks and channels.
    """
    graph = weighed.sets.graph
    best, refused, since = None, None, 0
    for dropped in accumulate([(), *((name,) for name in _in_order(weighed, limits, measure))]):
        sets, widths = weighed.of(drop_branches(graph, dropped)) if dropped else (weighed.sets, weighed.widths)
        try:
            plan = plan_cut(sets, widths, limits, measure, multiple=multiple)
        except FeatherboneError as error:
            refused = refused or error
            continue
        loss = plan.loss + sum(weighed.blocks[name] for name in dropped)
        since += 1
        if best is None or loss < best.loss:
            best, since = replace(plan, loss=loss, dropped=dropped), 0
        if since == PATIENCE or not plan.cut:
            break
    if best is None:
        assert refused is not None, "no plan was made"
        raise refused
    return best


def require_reachable(
    graph: Graph, limits: Mapping[str, float], measure: Measure, means: Means, resolutions: Sequence[int] = ()
) -> None:
    """Raise, before anything is weighed, where all that may go leaves more than ``limits``, at every resolution."""
    gone = [branch.name for branch in branches(graph)] if means.blocks else []
    smallest = drop_branches(graph, gone)
    left = [ONE_SET] if means.widths else ["all its channels"]
    left += ["no block that a shortcut goes around"] if gone else []
    refused = None
    for resolution in (None, *resolutions):
        tried = smallest if resolution is None else resize_graph(smallest, resolution)
        try:
            at = [f"images of {resolution}×{resolution}"] if resolution else []
            said = " and ".join([*left, *at])
            require_possible(channel_sets(tried), limits, measure, widths=means.widths, left=said)
        except FeatherboneError as error:
            refused = error
        else:
            return
    assert refused is not None, "a resolution was tried"
    raise refused


def _in_order(weighed: Weighed, limits: Mapping[str, float], measure: Measure) -> list[str]:
    """The blocks, those first that lose least for the parts of the excess that they save."""
    graph = weighed.sets.graph
    before = measure(graph) if weighed.blocks else {}
    excess = {what: before[what].total - limit for what, limit in limits.items() if what in before}
    found = {}
    for name, loss in weighed.blocks.items():
        after = measure(drop_branches(graph, [name]))
        gain = sum(
            min(max(before[what].total - after[what].total, 0.0) / much, 1.0)
            for what, much in excess.items()
            if much > 0
        )
        if gain > 0:
            found[name] = loss / gain
    return sorted(found, key=found.__getitem__)
