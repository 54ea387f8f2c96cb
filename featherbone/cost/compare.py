"""Networks side by side: the costs of each, and how far they are from the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from featherbone.cost.convention import PAPERS, Convention
from featherbone.cost.count import Count, count
from featherbone.cost.memory import peak_memory
from featherbone.cost.rules import kind_of
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph


@dataclass(frozen=True, kw_only=True)
class ComparedCost:
    """A cost, its difference from the first network's, and that difference as a share of it (``None`` of nothing)."""

    value: int
    difference: int
    share: float | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One network's column; ``peak_memory`` is in bytes, ``uncounted`` says how many operators no rule knows.

    >>> from featherbone.networks import network
    >>> (only,) = compare([network("mobilenet_v2")])
    >>> only.macs.value, only.uncounted
    (300774272, 0)
    """

    network: str
    params: ComparedCost
    macs: ComparedCost
    activations: ComparedCost
    peak_memory: ComparedCost
    depth: ComparedCost
    uncounted: int


class Comparisons(tuple[Comparison, ...]):
    """Columns of networks, the first being what the others differ from; a notebook shows them as a table.

    >>> Comparisons()
    ()
    """

    def _repr_html_(self) -> str:
        from featherbone.cost.shown import comparison_as_html

        return comparison_as_html(self)


def compare(graphs: Sequence[Graph], convention: Convention = PAPERS, *, dtype: str = "float32") -> Comparisons:
    """A column for each network, with differences from the first.

    >>> from featherbone.networks import network
    >>> first, second = compare([network("mobilenet_v1"), network("mobilenet_v2")])
    >>> second.macs.value, second.macs.difference, round(second.macs.share, 3)
    (300774272, -267966080, -0.471)

    ``depth`` is the number of convolutions and linear layers. Raises FeatherboneError without a graph, or where one has
    symbolic sizes.
    """
    if not graphs:
        raise FeatherboneError("nothing to compare", hint="name at least one network")
    peaks = [peak_memory(graph, dtype).bytes for graph in graphs]  # refuses symbolic sizes
    counts = [count(graph, convention) for graph in graphs]
    costs = [_costs(counted, peak) for counted, peak in zip(counts, peaks, strict=True)]
    return side_by_side([(one.graph.name, len(one.uncounted), cost) for one, cost in zip(counts, costs, strict=True)])


def side_by_side(costs: Sequence[tuple[str, int, Mapping[str, int]]]) -> Comparisons:
    """A column for each (network, number of uncounted operators, costs by the fields of ``Comparison``)."""
    return Comparisons(
        Comparison(
            network=name,
            uncounted=uncounted,
            **{key: _cell(value, costs[0][2][key]) for key, value in cost.items()},
        )
        for name, uncounted, cost in costs
    )


def _costs(cost: Count, peak: int) -> dict[str, int]:
    return {
        "params": int(cost.params),
        "macs": int(cost.macs),
        "activations": int(cost.activations),
        "peak_memory": peak,
        "depth": layers(cost),
    }


def layers(cost: Count) -> int:
    """How many convolutions and linear layers there are."""
    return sum(kind_of(row.operator) in ("conv", "conv_transpose", "linear") for row in cost.rows)


def _cell(value: int, first: int) -> ComparedCost:
    return ComparedCost(value=value, difference=value - first, share=(value - first) / first if first else None)
