"""What a layer is fitted by: the rows that it reads in the changed network, and what it is to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from featherbone.graph import Graph, Node
from featherbone.graph.operators import Add
from featherbone.rewrite.mending.frontier import Frontier
from featherbone.rewrite.mending.layer_matrix import sides_of_matrix
from featherbone.rewrite.mending.moments import Moments
from featherbone.rewrite.mending.rows import groups_of, places_of, read_rows, written_rows

HELD_OUT = 0.15  # share of the images on which a fit is judged


def layer_moments(
    before: Frontier, after: Frontier, node: Node, ahead: Sequence[str], kept: Mapping[str, Sequence[int]]
) -> tuple[Moments, Moments]:
    """The moments of most images, and of those that a fit is judged on.

    The target is what the layer wrote before. Where it ends a residual branch, it is what is missing of the sum that
    was written before, so that the layer makes up for the error of the shortcut. ``ahead`` are the layers that are
    still to be fitted, this one first.
    """
    source = node.inputs[0]
    target_of, beside = _sum_of(before.graph, after.graph, node, set(ahead))
    groups = groups_of(node.operator, int(after.graph[source].shape[0]))
    columns = sides_of_matrix(after.graph, node)[1] + 1
    places = places_of(node.shape, columns, before.images)
    seen, held_out = Moments(), Moments()
    done, rest = 0, round(before.images * (1 - HELD_OUT))
    pairs = zip(before.batches([target_of], ahead[1:]), after.batches([source, *beside], ahead), strict=True)
    for was, now in pairs:
        target = _channels(was[target_of], kept.get(node.name))
        for other in beside:
            target = target - now[other]
        first = min(max(rest - done, 0), len(target))
        for moments, part in ((seen, slice(0, first)), (held_out, slice(first, None))):
            if len(target[part]):
                rows = read_rows(now[source][part], node.operator, places)
                moments.add(rows, written_rows(target[part], groups, places))
        done += len(target)
    return seen, held_out


def _sum_of(original: Graph, graph: Graph, node: Node, unsettled: set[str]) -> tuple[str, list[str]]:
    """Which map of the original the layer is to come to, and which maps are added to what it writes.

    The map is that of the sum that alone reads the layer, unless a layer that is still to be fitted changes its other
    terms; else the layer's own.
    """
    alone = node.name, list[str]()
    readers = [other for other in graph.nodes if node.name in other.inputs]
    if len(readers) != 1 or not isinstance(readers[0].operator, Add) or node.name in graph.outputs:
        return alone
    total, others = readers[0].name, [name for name in readers[0].inputs if name != node.name]
    if total not in original or len(others) + 1 != len(readers[0].inputs):  # nobody knows what it was before
        return alone
    if any(name in unsettled for other in others for name in _ancestors(graph, other)):
        return alone
    return total, others


def _ancestors(graph: Graph, name: str) -> set[str]:
    found: set[str] = set()
    left = [name]
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left += graph[each].inputs
    return found


def _channels(maps: torch.Tensor, kept: Sequence[int] | None) -> torch.Tensor:
    return maps if kept is None or list(kept) == list(range(maps.shape[1])) else maps[:, list(kept)]
