"""``featherbone verify``: every published figure, recomputed, with a verdict."""

from __future__ import annotations

from typing import Annotated

import typer

from featherbone.cli.options import Json
from featherbone.cli.output import console, print_json, print_table
from featherbone.errors import FeatherboneError, did_you_mean


def verify(
    network: Annotated[str | None, typer.Argument(help="Only rows of this network, such as mobilenet_v2.")] = None,
    show_all: Annotated[bool, typer.Option("--all", help="List the figures that agree, too.")] = False,
    json: Json = False,
) -> None:
    """Recompute the published tables: agree, convention differs (which), erratum, or can't say (why)."""
    from featherbone.cost import verify as recompute
    from featherbone.cost.published import published
    from featherbone.cost.verify import AGREE, CANNOT_SAY, summary

    rows = published()
    if network is not None:
        names = {row.network.partition(":")[0] for row in rows} - {""}
        if network not in names:
            raise FeatherboneError(
                f"no published row belongs to a network {network!r}", hint=did_you_mean(network, names)
            )
        rows = tuple(row for row in rows if row.network.partition(":")[0] == network)
    verdicts = recompute(rows)
    if json:
        print_json({"summary": summary(verdicts), "verdicts": [verdict.to_json() for verdict in verdicts]})
        return
    shown = [
        one
        for one in verdicts
        if show_all or (one.verdict != AGREE and not (one.verdict == CANNOT_SAY and not one.network))
    ]
    print_table(
        "published figures that need a word" if not show_all else "published figures",
        ("network", "figure", "verdict", "published", "counted"),
        [
            (
                one.network or f"{one.model} {one.variant}".strip(),
                one.quantity,
                f"{one.verdict}: {one.reason}" if one.reason else one.verdict,
                "" if one.published is None else f"{one.published / 1e6:,g} M",
                "" if one.computed is None else f"{one.computed / 1e6:,.2f} M",
            )
            for one in shown
        ],
        left=3,
    )
    screen = console()
    for kind, number in summary(verdicts).items():
        screen.print(f"{number:>5}  {kind}", markup=False)
    hidden = len(verdicts) - len(shown)
    if hidden:
        screen.print(f"{hidden} figures that agree or belong to no network here are not listed; --all lists them")
