"""``featherbone networks``: what the zoo holds."""

from __future__ import annotations

from featherbone.cli.options import Json
from featherbone.cli.output import print_json, print_table


def networks(json: Json = False) -> None:
    """List every network of the zoo, with its cost and its settings."""
    from featherbone.cost import count
    from featherbone.networks import NETWORKS
    from featherbone.quantity import format_count

    found = [(entry, count(entry())) for entry in NETWORKS.values()]
    if json:
        print_json(
            [
                {
                    "network": entry.name,
                    "summary": entry.summary,
                    "paper": entry.paper,
                    "params": cost.params,
                    "macs": cost.macs,
                    "settings": entry.settings,
                }
                for entry, cost in found
            ]
        )
        return
    rows = [
        (entry.name, ", ".join(entry.settings), format_count(cost.params), format_count(cost.macs))
        for entry, cost in found
    ]
    print_table("networks", ("network", "settings", "params", "MACs"), rows, left=2)
