"""From where to where the grid of a map reaches: the rules that propose it from what was seen of the map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch

from featherbone.graph import Graph
from featherbone.graph.operators import Activation
from featherbone.quantize.grid import Grid, grid_over
from featherbone.quantize.observe import ObservedMap
from featherbone.quantize.sharing import SharedGrid

SHARES = tuple(1 - 0.03 * place for place in range(28))  # of a map's bounds, at which a grid is tried
KNOWN = {"sigmoid": (0.0, 255 / 256), "hard_sigmoid": (0.0, 255 / 256), "tanh": (-1.0, 127 / 128)}  # TensorFlow Lite's
Bounds = tuple[float, float]


def whole(seen: ObservedMap, bits: int) -> Bounds:
    """All that was seen.

    >>> whole(ObservedMap(least=-1.0, most=2.0, sample=torch.zeros(1)), 8)
    (-1.0, 2.0)
    """
    return seen.least, seen.most


def percentile(share: float) -> Callable[[ObservedMap, int], Bounds]:
    """All but this share of the values, half of it at each end.

    >>> percentile(0.5)(ObservedMap(least=0.0, most=4.0, sample=torch.arange(5.0)), 8)
    (1.0, 3.0)
    """

    def found(seen: ObservedMap, bits: int) -> Bounds:
        ordered = seen.sample.sort().values
        ends = [min(len(ordered) - 1, round(at * (len(ordered) - 1))) for at in (share / 2, 1 - share / 2)]
        low, high = (float(ordered[end]) for end in ends)
        return (low, high) if min(low, 0) < max(high, 0) else (seen.least, seen.most)

    return found


def least_squares(seen: ObservedMap, bits: int) -> Bounds:
    """The share of the bounds at which the values, put on the grid, lose least in squares.

    >>> low, high = least_squares(ObservedMap(least=0.0, most=100.0, sample=torch.rand(100_000)), 8)
    >>> 20 > high >= 1
    True
    """
    best, found = torch.inf, (seen.least, seen.most)
    for share in SHARES:
        low, high = seen.least * share, seen.most * share
        grid = grid_over(low, high, bits)
        places = (seen.sample / grid.step).round_().clamp_(grid.low - grid.zero, grid.high - grid.zero)
        error = float((places.mul_(grid.step) - seen.sample).square().mean())
        if error < best:
            best, found = error, (low, high)
    return found


RULES: dict[str, Callable[[ObservedMap, int], Bounds]] = {
    "min-max": whole,
    "percentile": percentile(2e-4),
    "least squares": least_squares,
}


def grids_by(
    rule: str, graph: Graph, shared: Sequence[SharedGrid], seen: Mapping[str, ObservedMap], bits: int = 8
) -> dict[str, Grid]:
    """The grid of every map by one of the ``RULES``.

    >>> from featherbone.graph import image
    >>> from featherbone.quantize.sharing import shared_grids
    >>> graph = image(1, 2).graph("tiny")
    >>> seen = {"image": ObservedMap(least=0.0, most=51.0, sample=torch.ones(4))}
    >>> grids_by("min-max", graph, shared_grids(graph), seen)["image"].step
    0.2
    """
    found = {}
    for each in shared:
        bounds = known_bounds(graph, each.observed) or RULES[rule](seen[each.observed], bits)
        found.update(dict.fromkeys(each.nodes, grid_over(*bounds, bits)))
    return found


def known_bounds(graph: Graph, name: str) -> Bounds | None:
    """The bounds of what a node writes where they follow from its function."""
    operator = graph[name].operator
    return KNOWN.get(operator.function) if isinstance(operator, Activation) else None
