"""Counts and comparisons as a notebook shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from featherbone.graph.operators import shape_text
from featherbone.graph.picture.diagram import diagram
from featherbone.notebook import folded, framed, table, told
from featherbone.quantities import QUANTITIES
from featherbone.quantity import format_count

if TYPE_CHECKING:
    from featherbone.cost.compare import ComparedCost, Comparison
    from featherbone.cost.count import Count

COMPARED = ("params", "macs", "activations", "peak_memory")


def count_as_html(counted: Count) -> str:
    """Totals in a sentence, the network drawn with its costs, and a row for each operator behind a click.

    >>> from featherbone.cost import count
    >>> from featherbone.networks import network
    >>> "300.8 M multiply-adds" in count_as_html(count(network("mobilenet_v2")))
    True
    """
    graph, rows = counted.graph, counted.rows
    operators = table(
        ("operator", "", "writes", "parameters", "multiply-adds"),
        [(row.name, row.description, shape_text(row.output), _amount(row.params), _amount(row.macs)) for row in rows],
        left=3,
    )
    said = (
        f"{graph.name}: {_short(counted.params)} parameters, {_short(counted.macs)} multiply-adds, "
        f"{_short(counted.activations)} activations, by the convention {counted.convention.name!r}"
    )
    missing = [told(f"not counted: {name} ({label})") for name, label in counted.uncounted]
    if graph.is_symbolic or not rows:
        return framed(told(said), *missing, operators)
    costs = {row.name: (int(row.params), int(row.macs)) for row in rows}
    return framed(told(said), *missing, diagram(graph, costs), folded("every operator", operators))


def comparison_as_html(columns: Sequence[Comparison]) -> str:
    """Networks row by row, each cost with its difference from the first network's."""
    shown = [QUANTITIES[name] for name in COMPARED]
    rows = [
        (one.network, *(_difference(cell := getattr(one, each.name), each.show(cell.value)) for each in shown))
        for one in columns
    ]
    return framed(table(("network", *(each.words for each in shown)), rows))


def _difference(cell: ComparedCost, text: str) -> str:
    return text if not cell.share else f"{text} ({cell.share:+.0%})"


def _amount(value: object) -> str:
    return "" if value == 0 else f"{value:,}" if isinstance(value, int) else str(value)


def _short(value: object) -> str:
    return format_count(value) if isinstance(value, int) else str(value)
