"""``featherbone explore``: one page on which formulas, networks and designs move under a person's hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from featherbone.cli.options import NETWORK_HELP, Inputs
from featherbone.cli.streams import visible


def explore(
    networks: Annotated[
        list[str] | None,
        typer.Argument(
            help=f"{NETWORK_HELP} Or the line of a design. Without one: the networks that the field began with."
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The page; it opens without a network.")] = Path("page.html"),
    input: Inputs = None,
) -> None:
    """A page where the cost of blocks and networks moves with sliders: formulas, maps, memory, published neighbours."""
    from featherbone.explore import write_explorer

    print(visible(str(write_explorer(out, networks or (), inputs=input))))
