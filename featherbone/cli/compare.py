"""``featherbone compare``: several networks side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.options import NETWORK_HELP, Json, read_network
from featherbone.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from featherbone.cost.compare import Cell


def compare(
    networks: Annotated[list[str], typer.Argument(help=f"{NETWORK_HELP} The first is what the others differ from.")],
    dtype: Annotated[str, typer.Option(help="Of the activations: float32, float16, bfloat16, int8.")] = "float32",
    json: Json = False,
) -> None:
    """Costs of networks side by side, with the difference from the first."""
    from featherbone.cost import compare as side_by_side
    from featherbone.quantity import format_bytes, format_count

    columns = side_by_side([read_network(network) for network in networks], dtype=dtype)
    if json:
        found = [{"target": target, **column.to_json()} for target, column in zip(networks, columns, strict=True)]
        print_json(found)
        return
    rows = [
        (
            target,
            _cell(column.params, format_count),
            _cell(column.macs, format_count),
            _cell(column.activations, format_count),
            _cell(column.peak_memory, format_bytes),
            _cell(column.depth, str),
        )
        for target, column in zip(networks, columns, strict=True)
    ]
    print_table("", ("network", "params", "MACs", "activations", "peak memory", "layers"), rows)
    partial = [target for target, column in zip(networks, columns, strict=True) if column.uncounted]
    if partial:
        print(f"partial: operators without a rule are not counted in {', '.join(partial)}")


def _cell(cell: Cell, shown: Callable[[int], str]) -> str:
    if cell.share is None or cell.difference == 0:
        return shown(cell.value)
    return f"{shown(cell.value)} {cell.share:+.0%}"
