"""``featherbone networks``: what the zoo holds."""

from __future__ import annotations

from featherbone.cli.options import Json
from featherbone.cli.output import print_json, print_table


def networks(json: Json = False) -> None:
    """List every network of the zoo, with its cost and its settings."""
    from featherbone.cost import count
    from featherbone.networks import NETWORKS, network, settings_of
    from featherbone.quantity import format_count

    found = [(name, count(network(name)), settings_of(name)) for name in NETWORKS]
    if json:
        print_json(
            [
                {"network": name, "params": cost.params, "macs": cost.macs, "settings": list(settings)}
                for name, cost, settings in found
            ]
        )
        return
    rows = [
        (name, ", ".join(settings), format_count(cost.params), format_count(cost.macs))
        for name, cost, settings in found
    ]
    print_table("networks", ("network", "settings", "params", "MACs"), rows, left=2)
