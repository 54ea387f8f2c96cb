"""``featherbone formula``: the closed form of a block or a network, out of the code that builds it."""

from __future__ import annotations

from typing import Annotated

import typer

from featherbone.cli.completion import complete_blocks_and_networks
from featherbone.cli.options import Json
from featherbone.cli.output import console, print_json, print_table, with_lead
from featherbone.errors import FeatherboneError, did_you_mean

LETTERS = (
    "M channels in, N out, K kernel, S second kernel, I side of the map; G groups, t reduction or expansion, p share.",
    "Parameters include norms and biases. Quotients are exact: the form holds where the divisions do.",
)


def formula(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A block, such as fire, or a network; without a name, all blocks are listed.",
            autocompletion=complete_blocks_and_networks,
        ),
    ] = None,
    latex: Annotated[bool, typer.Option("--latex", help="Print the multiply-adds in LaTeX.")] = False,
    json: Json = False,
) -> None:
    """Closed forms: a block in M, N, K, I, t, G, p and its ratio to the standard convolution; a network in α and I."""
    from featherbone.blocks import BLOCKS
    from featherbone.networks import NETWORKS

    if name is None:
        _all_blocks(latex, json)
    elif name in BLOCKS:
        _block(name, latex, json)
    elif name in NETWORKS:
        _network(name, latex, json)
    else:
        raise FeatherboneError(f"no block or network is named {name!r}", hint=did_you_mean(name, [*BLOCKS, *NETWORKS]))


def _all_blocks(latex: bool, json: bool) -> None:
    from featherbone.blocks import BLOCKS
    from featherbone.cost import formula as closed_form

    forms = [closed_form(name) for name in BLOCKS]
    if json:
        print_json([form.to_json() for form in forms])
        return
    rows = [(form.name, form.latex() if latex else str(form.per_position)) for form in forms]
    print_table("multiply-adds per output position", ("block", "closed form"), rows, left=2)


def _block(name: str, latex: bool, json: bool) -> None:
    from featherbone.blocks import BLOCKS
    from featherbone.cost import formula as closed_form

    known, form = BLOCKS[name], closed_form(name)
    if json:
        print_json({**form.to_json(), "summary": known.summary, "paper": known.paper})
    elif latex:
        print(form.latex())
    else:
        screen = console()
        screen.print(with_lead(known.name, f": {known.summary}"))
        for label, value in (
            ("multiply-adds", form.macs),
            ("per position", form.per_position),
            ("parameters", form.parameters),
            ("÷ K·K·M·N·I·I", form.ratio),
            ("source", known.paper),
        ):
            screen.print(f"  {label:<15}{value}")
        for line in LETTERS:
            screen.print(f"  {line}", style="dim")


def _network(name: str, latex: bool, json: bool) -> None:
    from featherbone.cost import network_formula

    form = network_formula(name)
    if json:
        print_json(form.to_json())
    elif latex:
        print(form.latex())
    else:
        screen = console()
        screen.print(with_lead(name, " in the width multiplier alpha and the resolution I"))
        screen.print(f"  {'multiply-adds':<15}{form.macs}")
        screen.print(f"  {'parameters':<15}{form.parameters}")
        for verdict, samples in (("holds", form.held), ("rounded there", [s for s in form.checked if not s.holds])):
            places = ", ".join(
                f"I={sample.resolution}" + ("" if sample.width is None else f" alpha={sample.width:g}")
                for sample in samples
            )
            if places:
                screen.print(f"  {verdict:<15}{places}")
        screen.print("  Checked against counts. Rounding of channels and sides is taken as exact.", style="dim")
