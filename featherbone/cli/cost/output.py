"""How ``featherbone cost`` shows a table: as a table for people, or in one of the formats that other programs read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from featherbone.cli.output import GAP, PIPE, console, print_table, with_lead
from featherbone.cli.streams import visible
from featherbone.errors import FeatherboneError, did_you_mean

if TYPE_CHECKING:
    from featherbone.cost.columns import Column
    from featherbone.cost.table import Table

FORMATS = ("table", "json", "csv", "markdown", "html")
TOLD = 6  # tables of constants that are named
SHORTENED = ("name", "what", "reads")  # columns that may be shortened,
NARROWEST, COMFORTABLE = 14, 30  # to so many characters; and before a column is left out
SPARE = ("intensity", "bytes", "activations", "writes", "what")  # the first that are left out


def require_format(name: str, out: Path | None) -> None:
    """Raise unless the format is known, and has a file where it needs one."""
    if name not in FORMATS:
        raise FeatherboneError(f"unknown format {name!r}", hint=did_you_mean(name, FORMATS))
    if name == "html" and out is None:
        raise FeatherboneError("a page of HTML is large, so it goes to a file", hint="add --out cost.html")
    if name == "table" and out is not None:
        raise FeatherboneError(
            "a table for the terminal is not written to a file", hint="add --format markdown, csv, json or html"
        )


def write_table(table: Table, *, format: str, columns: Sequence[Column], chosen: bool, out: Path | None) -> None:
    """Show the table in a format, on the terminal or in a file; ``chosen`` says that these very columns are wanted."""
    if format == "table":
        print_cost(table, columns, chosen=chosen)
        return
    text = _text(table, format, columns)
    if out is None:
        print(visible(text), end="")
        return
    from featherbone.atomic import write_atomically

    with write_atomically(out) as file:
        file.write(text.encode("utf-8"))
    console().print(f"{out}")


def print_cost(table: Table, columns: Sequence[Column], *, chosen: bool = True) -> None:
    """The table with totals, peak memory, and whether everything was counted.

    Columns that nobody chose give way one by one where the terminal is narrow.

    Raises:
        FeatherboneError: chosen columns that do not fit.
    """
    from featherbone.graph.operators import shape_text

    graph = table.count.graph
    room = console().width
    order = sorted(columns, key=lambda column: not column.words)
    for key in () if chosen else SPARE:
        if _excess(table, order, room, COMFORTABLE) > 0:
            order = [column for column in order if column.key != key]
    excess = _excess(table, order, room, NARROWEST)
    if excess > 0 and chosen:
        raise FeatherboneError(
            f"these columns need {excess} characters more than the {room} there are",
            hint="name fewer with --columns, or take them all with --format csv",
        )
    headings, total, *rows = _fitted(_cells(table, order), order, room)
    title = f"{graph.name}  input {', '.join(shape_text(node.shape) for node in graph.inputs)}"
    print_table(title, headings, rows, left=sum(column.words for column in order), total=total)
    _print_totals(table)


def _text(table: Table, format: str, columns: Sequence[Column]) -> str:
    from featherbone.cost.table_formats import to_csv, to_document, to_markdown

    if format == "json":
        return json.dumps(to_document(table), indent=2, allow_nan=False) + "\n"
    if format == "csv":
        return to_csv(table, columns)
    if format == "markdown":
        return to_markdown(table, columns)
    from featherbone.report.cost_page import render

    return render(table)


def _cells(table: Table, columns: Sequence[Column]) -> list[list[str]]:
    """The headings, the total, and each line."""
    from featherbone.cost.columns import shown

    lines = [[shown(column, column.value(table, line)) for column in columns] for line in table.lines]
    return [[column.heading for column in columns], [shown(column, column.total(table)) for column in columns], *lines]


def _widths(cells: list[list[str]]) -> list[int]:
    return [max(map(len, cells_of_column)) for cells_of_column in zip(*cells, strict=True)]


def _excess(table: Table, columns: Sequence[Column], room: int, least: int) -> int:
    """By how much the columns are too wide where names and descriptions have ``least`` characters."""
    widths = _widths(_cells(table, columns))
    needed = [
        min(width, least) if column.key in SHORTENED else width for column, width in zip(columns, widths, strict=True)
    ]
    return sum(needed) + GAP * len(needed) - room


def _fitted(cells: list[list[str]], columns: Sequence[Column], room: int) -> list[list[str]]:
    """The cells, cut to so many characters: names and descriptions give way, shapes and digits do not."""
    widths = _widths(cells)
    excess = sum(widths) + GAP * len(widths) - room
    places = [place for place, column in enumerate(columns) if column.key in SHORTENED]
    for place in sorted(places, key=lambda place: -widths[place]):
        given = max(0, min(excess, widths[place] - NARROWEST))
        widths[place] -= given
        excess -= given
    return [[_shortened(cell, width) for cell, width in zip(row, widths, strict=True)] for row in cells]


def _shortened(text: str, width: int) -> str:
    """
    >>> _shortened("stage1.block1.depthwise", 12)
    '….depthwise'
    """
    if len(text) <= width:
        return text
    kept = text[len(text) - width + 1 :]
    _, dot, whole = kept.partition(".")
    return f"…{dot}{whole}" if dot and len(whole) * 2 >= width else f"…{kept}"


def _print_totals(table: Table) -> None:
    from featherbone.quantity import format_bytes, format_count

    counted, peak = table.count, table.peak
    screen = console()
    screen.print(
        f"{format_count(int(counted.params))} parameters, {format_count(int(counted.macs))} multiply-adds "
        f"({format_count(int(counted.flops))} FLOPs), {format_count(int(counted.activations))} activations",
        soft_wrap=False,
    )
    if counted.unused_params:
        names = ", ".join(name for name, _ in counted.graph.unused[:3])
        more = f" and {len(counted.graph.unused) - 3} more" if len(counted.graph.unused) > 3 else ""
        screen.print(f"of these {counted.unused_params:,} are not used for this input: {names}{more}", soft_wrap=False)
    intensity = "" if table.intensity is None else f", {table.intensity:.1f} multiply-adds a byte"
    screen.print(
        f"{format_bytes(table.bytes)} moved ({table.dtype}), each operator by itself{intensity}", soft_wrap=False
    )
    live = "  alive then: "
    for tensor in peak.live[:3]:
        more = f"{', ' if live[-2] != ':' else ''}{tensor.name} {format_bytes(tensor.bytes)}"
        live += more if len(live + more) <= min(PIPE, screen.width) else ""
    screen.print(f"peak activation memory {format_bytes(peak.bytes)} ({peak.dtype}) at {peak.node}", soft_wrap=False)
    screen.print(live, soft_wrap=False)
    if counted.complete:
        named = counted.convention.name
        what = " (conv + linear multiply-adds)" if named == "papers" else ""
        screen.print(f"complete, by the convention '{named}'{what}")
    else:
        labels = ", ".join(sorted({label for _, label in counted.uncounted}))
        text = f" {len(counted.uncounted)} operators not counted ({labels})"
        screen.print(with_lead("partial:", text, "bold yellow"), soft_wrap=False)
    if table.constants:
        screen.print(_constants(table), soft_wrap=False)


def _constants(table: Table) -> str:
    """What the file holds beside parameters: tables by name, the steps of quantization by number.

    Names give way where there are many; ``--json`` has all.
    """
    from math import prod

    from featherbone.graph.operators import shape_text

    tables = [one for one in table.constants if one.role == "table"]
    steps = len(table.constants) - len(tables)
    parts = [f"{_shortened(one.name, COMFORTABLE)} {shape_text(one.shape)}" for one in tables[:TOLD]]
    if len(tables) > TOLD:
        numbers = sum(prod(one.shape) for one in tables[TOLD:])
        parts.append(f"{len(tables) - TOLD} more tables of {numbers:,} numbers (--json names them)")
    if steps:
        parts.append(f"{steps:,} scales and zero points")
    return f"constants, which are no parameters: {', '.join(parts)}"
