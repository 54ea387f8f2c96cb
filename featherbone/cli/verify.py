"""``featherbone verify``: every published figure, recomputed, with a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.completion import complete_networks
from featherbone.cli.options import Json
from featherbone.cli.output import console, print_json, with_lead
from featherbone.errors import FeatherboneError, did_you_mean

if TYPE_CHECKING:
    from rich.console import Console

    from featherbone.cost import Verdict


def verify(
    network: Annotated[
        str | None,
        typer.Argument(help="Only rows of this network, such as mobilenet_v2.", autocompletion=complete_networks),
    ] = None,
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
        print_json({"summary": summary(verdicts), "verdicts": verdicts})
        return
    listed = [
        one
        for one in verdicts
        if show_all or (one.verdict != AGREE and not (one.verdict == CANNOT_SAY and not one.network))
    ]
    screen = console()
    _print_by_reason(screen, listed)
    for kind, number in summary(verdicts).items():
        screen.print(f"{number:>5}  {kind}")
    hidden = len(verdicts) - len(listed)
    if hidden:
        screen.print(f"{hidden} figures that agree or belong to no network here are not listed; --all lists them")


def _print_by_reason(screen: Console, verdicts: list[Verdict]) -> None:
    """The figures under the verdict and the reason that they share."""
    from featherbone.cost.verify import VERDICTS

    groups: dict[tuple[str, str], list[Verdict]] = {}
    for one in sorted(verdicts, key=lambda one: VERDICTS.index(one.verdict)):
        groups.setdefault((one.verdict, one.reason), []).append(one)
    for (verdict, reason), members in groups.items():
        screen.print(with_lead(verdict, f": {reason}" if reason else ""))
        for one in members:
            published = "no figure" if one.published is None else f"{one.published / 1e6:,.6g} M"
            counted = "" if one.computed is None else f", counted {one.computed / 1e6:,.2f} M"
            title = f"{one.model} {one.variant}".strip()
            name = f"{one.network} ({title})" if one.network else title
            screen.print(f"    {name}: {one.quantity} {published}{counted}")
