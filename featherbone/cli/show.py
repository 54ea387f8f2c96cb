"""``featherbone show``: the network itself, drawn, as a table, JSON, or the PyTorch source that computes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.completion import complete_networks
from featherbone.cli.options import NETWORK_HELP, Inputs, Json, read_network
from featherbone.cli.output import console
from featherbone.cli.streams import visible
from featherbone.errors import FeatherboneError

if TYPE_CHECKING:
    from featherbone.graph import Graph


def show(
    network: Annotated[str, typer.Argument(help=NETWORK_HELP, autocompletion=complete_networks)],
    operators: Annotated[bool, typer.Option("--operators", help="One row for every operator, with shapes.")] = False,
    source: Annotated[bool, typer.Option("--source", help="Print the generated PyTorch module.")] = False,
    input: Inputs = None,
    json: Json = False,
) -> None:
    """Draw a network block by block; or print every operator, its JSON text, or its PyTorch source."""
    asked = [flag for flag, on in (("--operators", operators), ("--source", source), ("--json", json)) if on]
    if len(asked) > 1:
        raise FeatherboneError(f"{' and '.join(asked)} print different things", hint="give one of them")
    graph = read_network(network, input)
    if json:
        from featherbone.graph import to_json

        print(to_json(graph, indent=2))
    elif source:
        from featherbone.nn import source as source_of

        print(visible(source_of(graph)))
    elif operators:
        print(visible(str(graph)))
    else:
        _draw(graph)


def _draw(graph: Graph) -> None:
    from featherbone.cost import count
    from featherbone.graph.picture.sketch import sketch
    from featherbone.graph.table import summary

    counted = count(graph)
    costs = {row.name: (int(row.params), int(row.macs)) for row in counted.rows}
    screen = console()
    print(visible(summary(graph)))
    print(visible(sketch(graph, costs, width=min(screen.width, 120))))
    if counted.uncounted:
        print(visible(f"not counted, as no rule is known: {', '.join(name for name, _ in counted.uncounted)}"))
