"""How commands print: tables for people, JSON for programs, both plain where the output is no terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from featherbone.cli.streams import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


PIPE = 100  # characters of a line that goes into a pipe
GAP = 2  # characters between columns
NARROWEST = 16  # characters of a column of words that wide numbers stand beside


def console(*, stderr: bool = False) -> Console:
    """The terminal, or a pipe; Rich leaves colours out there and honours NO_COLOR and COLUMNS.

    Names of networks, files and operators may hold what Rich would read as markup, or a terminal as commands: it is
    shown as text.
    """
    from featherbone.cli.screen import Screen

    told = os.environ.get("COLUMNS", "").isdigit()
    width = None if told or (sys.stderr if stderr else sys.stdout).isatty() else PIPE
    return Screen(stderr=stderr, markup=False, highlight=False, width=width, soft_wrap=True)


def with_lead(lead: str, text: str, style: str = "bold") -> Text:
    """A line whose first words stand out."""
    from rich.text import Text

    return Text.assemble((lead, style), text)


def print_json(document: Any) -> None:
    """A document of JSON, in which values of dataclasses stand as objects."""
    print(json.dumps(document, indent=2, allow_nan=False, default=asdict))


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    left: int = 1,
    total: Sequence[str] | None = None,
) -> None:
    """A table whose first ``left`` columns are words and the rest numbers; ``total`` is set off below.

    Words are broken where the terminal is narrow. Numbers are never cut: a table that is all numbers becomes wider
    than the terminal.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    cells = [[visible(cell) for cell in row] for row in rows]

    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        show_footer=total is not None,
    )
    narrowest = []
    for place, heading in enumerate(columns):
        footer = total[place] if total else ""
        widest = max(map(cell_len, [heading, footer, *(row[place] for row in cells)]))
        narrowest.append(min(widest, NARROWEST) if place < left else widest)
        table.add_column(
            heading,
            footer=footer,
            justify="left" if place < left else "right",
            overflow="fold",
            no_wrap=place >= left,
            min_width=narrowest[-1],
        )
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    screen = console()
    screen.width = max(screen.width, sum(narrowest) + GAP * len(narrowest))
    screen.print(table)
