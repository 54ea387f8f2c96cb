"""A cost table as text: CSV and Markdown with the columns asked for, JSON with everything."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from featherbone.cost.columns import Column, shown
from featherbone.cost.table import AMOUNTS, Line, Table

SCHEMA, VERSION = "featherbone-cost", 1


def to_csv(table: Table, columns: Sequence[Column]) -> str:
    """Comma-separated values: plain numbers under the columns' keys, a line each, without a total.

    >>> from featherbone.cost import count
    >>> from featherbone.cost.columns import columns
    >>> from featherbone.cost.table import cost_table
    >>> from featherbone.graph import image
    >>> tiny = cost_table(count(image(3, 8).conv(4, 3, name="stem").graph("tiny")))
    >>> print(to_csv(tiny, columns(["writes", "macs", "macs_share"])), end="")
    name,writes,macs,macs_share
    image,3×8×8,0,0.0
    stem,4×8×8,6912,1.0
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.key for column in columns])
    writer.writerows([[column.value(table, line) for column in columns] for line in table.lines])
    return text.getvalue()


def to_markdown(table: Table, columns: Sequence[Column]) -> str:
    """A table in Markdown, with a total below, as people read it."""
    rows = [[shown(column, column.value(table, line)) for column in columns] for line in table.lines]
    rows.append([_strong(shown(column, column.total(table))) for column in columns])
    head = [column.heading for column in columns]
    rule = [":---" if column.words else "---:" for column in columns]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in (head, rule, *rows))


def to_document(table: Table) -> dict[str, Any]:
    """Everything as JSON holds it, in the schema ``featherbone-cost``; see docs/counting.md.

    Bytes are of ``dtype``; receptive fields are a text for each side, as an enlarged map may have fractions.
    """
    counted, peak = table.count, table.peak
    totals = {
        "params": counted.params,
        "unused_params": counted.unused_params,
        "macs": counted.macs,
        "flops": counted.flops,
        "activations": counted.activations,
        "bytes": table.bytes,
        "intensity": table.intensity,
        "peak_memory": peak.bytes,
        "layers": table.layers,
    }
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "network": counted.graph.name,
        "convention": counted.convention.name,
        "dtype": table.dtype,
        "depth": table.depth,
        "complete": counted.complete,
        "totals": totals,
        "peak_memory": {
            "bytes": peak.bytes,
            "dtype": peak.dtype,
            "node": peak.node,
            "live": [{"name": tensor.name, "bytes": tensor.bytes} for tensor in peak.live],
        },
        "rows": [_row(table, line) for line in table.lines],
        "unused": [{"name": name, "shape": list(shape)} for name, shape in counted.graph.unused],
        "uncounted": [{"name": name, "label": label} for name, label in counted.uncounted],
        "notes": list(table.notes),
        "constants": [{"name": one.name, "shape": list(one.shape), "role": one.role} for one in table.constants],
    }


def _row(table: Table, line: Line) -> dict[str, Any]:
    field = line.field
    return {
        "name": line.name,
        "kind": line.kind,
        "description": line.description,
        "inputs": [list(shape) for shape in line.inputs],
        "output": list(line.output),
        **{key: getattr(line, key) for key in AMOUNTS},
        "intensity": line.intensity,
        "shares": {key: table.share(line, key) for key in AMOUNTS},
        "receptive_field": [str(side) for side in field.size] if field else None,
        "jump": [str(step) for step in field.jump] if field else None,
    }


def _strong(text: str) -> str:
    return f"**{text}**" if text else ""
