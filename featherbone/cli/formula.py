"""``featherbone formula``: the closed form of a block, out of the code that builds it."""

from __future__ import annotations

from typing import Annotated

import typer

from featherbone.cli.options import Json
from featherbone.cli.output import console, print_json, print_table


def formula(
    block: Annotated[str | None, typer.Argument(help="A block, such as fire; without one, all are listed.")] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
    json: Json = False,
) -> None:
    """The cost of a block in M, N, K, I, t, G, p, and its ratio to the standard convolution."""
    from featherbone.blocks import BLOCKS
    from featherbone.blocks import block as find_block
    from featherbone.cost import formula as closed_form

    if block is None:
        forms = [closed_form(name) for name in BLOCKS]
        if json:
            print_json([form.to_json() for form in forms])
        else:
            rows = [(form.name, form.latex() if latex else str(form.per_position)) for form in forms]
            print_table("multiply-adds per output position", ("block", "closed form"), rows, left=2)
        return
    known = find_block(block)
    form = closed_form(known.name)
    if json:
        print_json({**form.to_json(), "summary": known.summary, "paper": known.paper})
        return
    if latex:
        print(form.latex())
        return
    screen = console()
    screen.print(f"[bold]{known.name}[/]: {known.summary}")
    for label, value in (
        ("multiply-adds", form.macs),
        ("per position", form.per_position),
        ("parameters", form.parameters),
        ("÷ K·K·M·N·I·I", form.ratio),
    ):
        screen.print(f"  {label:<15}{value}", markup=False)
    screen.print(f"  {'source':<15}{known.paper}", markup=False)
    screen.print(
        "  M channels in, N channels out, K kernel, I side of the map;"
        " G groups, t reduction or expansion, p share of K×K.\n"
        "  Parameters include norms and biases.",
        style="dim",
    )
