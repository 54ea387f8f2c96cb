"""A cost table as a page: where the costs are, as a treemap and as a flame view, and every operator in a table."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Any

from featherbone.cost.columns import columns, shown
from featherbone.cost.table import AMOUNTS, SCOPE, Line, Table, cost_table
from featherbone.graph.operators import shape_text
from featherbone.quantities import QUANTITIES
from featherbone.report.parts import page, script_json

Figure = dict[str, Any]
ROOT = "/"  # no name of a node holds one alone
COLUMNS = (
    "what",
    "reads",
    "writes",
    "params",
    "macs",
    "macs_share",
    "activations",
    "bytes",
    "intensity",
    "field",
    "jump",
)
SHOWN = tuple(QUANTITIES[key] for key in ("macs", "params", "activations", "bytes"))
COLOURS = {
    "conv": "var(--chip-conv)",
    "pointwise": "var(--chip-pointwise)",
    "depthwise": "var(--chip-depthwise)",
    "linear": "var(--chip-linear)",
}
HEIGHTS = {"treemap": 560, "icicle": 400}
OTHER, BAND, INK, PAPER = "var(--chip-other)", "var(--band)", "var(--ink)", "var(--paper)"


def render(table: Table) -> str:
    """The page as HTML text; it opens offline and always shows every operator, however the table is folded.

    >>> from featherbone.cost import count
    >>> from featherbone.networks import network
    >>> render(cost_table(count(network("mobilenet_v2")))).startswith("<!doctype html>")
    True
    """
    counted = table.count
    whole = table if table.depth is None else cost_table(counted, dtype=table.dtype)
    listed = columns(COLUMNS)
    return page(
        "cost_template.html",
        {
            "name": counted.graph.name,
            "input": ", ".join(shape_text(node.shape) for node in counted.graph.inputs),
            "convention": counted.convention.name,
            "uncounted": sorted({label for _, label in counted.uncounted}),
            "missed": len(counted.uncounted),
            "table": table,
            "figures": {name: script_json(figure(whole, name)) for name in ("treemap", "icicle")},
            "columns": listed,
            "rows": [[shown(column, column.value(whole, line)) for column in listed] for line in whole.lines],
            "total": [shown(column, column.total(whole)) for column in listed],
            "legend": [*COLOURS.items(), ("other operators", OTHER)],
            "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        },
    )


def figure(table: Table, kind: str) -> Figure:
    """A ``treemap`` or ``icicle`` of operators in their scopes, with a button for each cost.

    A scope has the sum of what is inside, exactly; what costs nothing has no area.
    """
    sums = _sums(table)
    lines = {line.name: line for line in table.lines}
    names = list(sums)
    hover = [_hover(table, name, sums[name], lines.get(name)) for name in names]
    trace: Figure = {
        "type": kind,
        "ids": names,
        "labels": [escape(table.count.graph.name if name == ROOT else name.rpartition(".")[2]) for name in names],
        "parents": [_parent(name) for name in names],
        "values": [sums[name]["macs"] for name in names],
        "branchvalues": "total",
        "text": [escape(lines[name].description) if name in lines else "" for name in names],
        "customdata": hover,
        "hovertemplate": "%{customdata}<extra></extra>",
        "textinfo": "label+text+percent root" if kind == "treemap" else "label",
        "sort": kind == "treemap",  # a flame view keeps the network's order
        "marker": {"colors": [_colour(lines.get(name)) for name in names], "line": {"color": PAPER, "width": 1}},
        "tiling": {"pad": 2} if kind == "treemap" else {"orientation": "v"},
        "pathbar": {"visible": True, "textfont": {"color": INK}},
        "textfont": {"color": INK},
        "outsidetextfont": {"color": INK},
    }
    return {"data": [trace], "layout": _layout(kind), "choices": _choices(names, sums)}


def _sums(table: Table) -> dict[str, dict[str, int]]:
    """For the network, each scope and each operator, in order: what it costs."""
    sums: dict[str, dict[str, int]] = {}
    for line in table.lines:
        parts = line.name.split(".")
        for name in (ROOT, *(".".join(parts[:depth]) for depth in range(1, len(parts) + 1))):
            known = sums.setdefault(name, dict.fromkeys(AMOUNTS, 0))
            for key in AMOUNTS:
                known[key] += getattr(line, key)
    return sums


def _parent(name: str) -> str:
    return "" if name == ROOT else name.rpartition(".")[0] or ROOT


def _colour(line: Line | None) -> str:
    if line is None or line.kind == SCOPE:
        return BAND
    words = line.description.split(" ")[0]
    return COLOURS.get(words, COLOURS.get(line.kind, OTHER))


def _hover(table: Table, name: str, sums: dict[str, int], line: Line | None) -> str:
    said = [f"<b>{escape(table.count.graph.name if name == ROOT else name)}</b>"]
    if line is not None:
        reads = ", ".join(map(shape_text, line.inputs))
        said.append(escape(f"{line.description}: {reads} → {shape_text(line.output)}"))
    for quantity in SHOWN:
        value, total = sums[quantity.name], table.total(quantity.name)
        share = f", {100 * value / total:.1f} %" if total else ""
        said.append(f"{quantity.show(value)} {quantity.words.removeprefix('bytes ')}{share}")
    if sums["bytes"]:
        said.append(f"{sums['macs'] / sums['bytes']:.2f} multiply-adds a byte")
    return "<br>".join(said)


def _choices(names: list[str], sums: dict[str, dict[str, int]]) -> list[Figure]:
    """A button for each cost."""
    return [
        {"label": each.words, "data": {"values": [[sums[name][each.name] for name in names]]}, "layout": {}}
        for each in SHOWN
    ]


def _layout(kind: str) -> Figure:
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif", "size": 13},
        "hoverlabel": {"bgcolor": PAPER, "bordercolor": "var(--line)", "font": {"color": INK}, "align": "left"},
        "margin": {"l": 0, "r": 0, "t": 8, "b": 0},
        "height": HEIGHTS[kind],
    }
