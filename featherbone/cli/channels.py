"""``featherbone channels``: which channels of a network belong together, what a cut saves, and what can't be cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from featherbone.cli.completion import complete_networks
from featherbone.cli.options import NETWORK_HELP, Inputs, Json, read_network
from featherbone.cli.output import print_json, print_table

if TYPE_CHECKING:
    from featherbone.cost.set_costs import BranchCost, SpaceCost
    from featherbone.graph import ChannelSets

SHOWN = 2  # readers of a space that its row names


def channels(
    network: Annotated[str, typer.Argument(help=NETWORK_HELP, autocompletion=complete_networks)],
    input: Inputs = None,
    json: Json = False,
) -> None:
    """Which channels can only be cut together, what a set of them or a whole block costs, what can't be cut and why."""
    from featherbone.cost.set_costs import branch_costs, set_costs
    from featherbone.graph import channel_sets

    sets = channel_sets(read_network(network, input))
    costs, blocks = set_costs(sets.graph, sets=sets), branch_costs(sets.graph)
    if json:
        print_json(_document(sets, costs, blocks))
    else:
        _print(sets, costs, blocks)


def _print(sets: ChannelSets, costs: Sequence[SpaceCost], blocks: Sequence[BranchCost]) -> None:
    from featherbone.quantity import format_count

    rows = [
        (
            cost.space.name,
            _some(cost.space.readers),
            f"{cost.space.channels:,}",
            f"{len(cost.space.sets):,}",
            format_count(cost.macs),
            format_count(cost.params),
        )
        for cost in costs
    ]
    headings = ("written by", "read by", "channels", "sets", "MACs a set", "params a set")
    if rows:
        print_table(f"{sets.graph.name}: {len(sets.free):,} sets of channels can be cut", headings, rows, left=2)
    else:
        print(f"{sets.graph.name}: no channel can be cut")
    if blocks:
        found = [
            (cost.branch.name, cost.branch.shortcut, format_count(cost.macs), format_count(cost.params))
            for cost in blocks
        ]
        print_table(
            "blocks that can be left out", ("block", "what its shortcut reads", "MACs", "params"), found, left=2
        )
    fixed = [(space.name, space.fixed, f"{space.channels:,}") for space in sets.spaces if space.fixed]
    print_table("what can't be cut", ("written by", "why", "channels"), fixed, left=2)


def _some(names: Sequence[str]) -> str:
    """The first readers by name, and how many others there are."""
    more = [f"{len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return ", ".join([*names[:SHOWN], *more]) or "nobody"


def _document(sets: ChannelSets, costs: Sequence[SpaceCost], blocks: Sequence[BranchCost]) -> dict[str, Any]:
    by_name = {cost.space.name: cost for cost in costs}
    return {
        "network": sets.graph.name,
        "sets": len(sets.sets),
        "free": len(sets.free),
        "spaces": [
            {
                "name": space.name,
                "channels": space.channels,
                "sets": list(space.sets),
                "nodes": list(space.nodes),
                "readers": list(space.readers),
                "fixed": space.fixed or None,
                **({"macs": by_name[space.name].macs, "params": by_name[space.name].params} if not space.fixed else {}),
            }
            for space in sets.spaces
        ],
        "blocks": [
            {
                "name": cost.branch.name,
                "shortcut": cost.branch.shortcut,
                "nodes": list(cost.branch.nodes),
                "macs": cost.macs,
                "params": cost.params,
            }
            for cost in blocks
        ],
    }
