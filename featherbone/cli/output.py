"""How commands print: tables for people, JSON for programs, both plain where the output is no terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


NARROWEST = 8  # of a column of words; wide numbers beside it must not make it vanish


def console(*, stderr: bool = False) -> Console:
    """The terminal, or a pipe; Rich leaves colours out there and honours NO_COLOR.

    Text is printed as it is: names of networks, files and operators may hold what Rich would read as markup.
    """
    from rich.console import Console

    width = None if (sys.stderr if stderr else sys.stdout).isatty() else 100
    return Console(stderr=stderr, markup=False, highlight=False, width=width, soft_wrap=True)


def with_lead(lead: str, text: str, style: str = "bold") -> Text:
    """A line whose first words stand out."""
    from rich.text import Text

    return Text.assemble((lead, style), text)


def print_json(document: Any) -> None:
    print(json.dumps(document, indent=2, allow_nan=False))


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    left: int = 1,
    total: Sequence[str] | None = None,
) -> None:
    """A table whose first ``left`` columns are words and the rest numbers; ``total`` is set off below."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        show_footer=total is not None,
    )
    for place, heading in enumerate(columns):
        table.add_column(
            heading,
            footer=total[place] if total else "",
            justify="left" if place < left else "right",
            overflow="fold" if place < left else "ellipsis",
            no_wrap=place == 0 or place >= left,
            min_width=NARROWEST if 0 < place < left else None,
        )
    from rich.text import Text

    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)
