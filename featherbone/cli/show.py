"""``featherbone show``: the network itself, as a table, JSON, or the PyTorch source that computes it."""

from __future__ import annotations

from typing import Annotated

import typer

from featherbone.cli.options import NETWORK_HELP, Inputs, Json, read_network
from featherbone.cli.streams import visible


def show(
    network: Annotated[str, typer.Argument(help=NETWORK_HELP)],
    source: Annotated[bool, typer.Option("--source", help="Print the generated PyTorch module.")] = False,
    input: Inputs = None,
    json: Json = False,
) -> None:
    """Print a network: every operator with its shapes, its JSON text, or its PyTorch source."""
    graph = read_network(network, input)
    if json:
        from featherbone.graph import to_json

        print(to_json(graph, indent=2))
    elif source:
        from featherbone.nn import source as source_of

        print(visible(source_of(graph)))
    else:
        print(visible(str(graph)))
