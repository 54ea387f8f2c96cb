"""``featherbone zoo``: which published network fits a budget."""

from __future__ import annotations

from typing import Annotated

import typer

from featherbone.cli.options import Json
from featherbone.cli.output import console, print_json, print_table


def zoo(
    macs: Annotated[str | None, typer.Option(help="Limit on multiply-adds, such as '<300M'.")] = None,
    params: Annotated[str | None, typer.Option(help="Limit on parameters, such as '<4M'.")] = None,
    memory: Annotated[str | None, typer.Option(help="Limit on peak activation memory, such as '<2MiB'.")] = None,
    top1: Annotated[str | None, typer.Option(help="Limit on ImageNet top-1, such as '>70'.")] = None,
    sort: Annotated[str, typer.Option(help="top1, macs, params, activations or peak_memory.")] = "top1",
    more_data: Annotated[
        bool, typer.Option("--more-data", help="Also accuracy reached with more than ImageNet's training set.")
    ] = False,
    json: Json = False,
) -> None:
    """Published accuracy joined to exact counts: the networks that fit, the best first."""
    from featherbone.cost import zoo as find
    from featherbone.quantities import QUANTITIES

    given = {"macs": macs, "params": params, "memory": memory, "top1": top1}
    limits = {what: text for what, text in given.items() if text is not None}
    entries = find(limits, sort, more_data=more_data)
    if json:
        print_json(entries)
        return
    if not entries:
        console().print("no published network passes every limit; `featherbone fit` looks for a new one")
        return
    shown = [QUANTITIES[name] for name in ("params", "macs", "peak_memory")]
    rows = [
        (
            entry.network,
            entry.source.partition(": ")[0],
            f"{entry.top1:.2f}",
            *(each.show(getattr(entry, each.name)) for each in shown),
        )
        for entry in entries
    ]
    columns = ("network", "whose top-1", "top-1 %", *(each.short for each in shown))
    print_table("ImageNet top-1 as published, costs as counted", columns, rows, left=2)
