"""``featherbone compare``: several networks side by side, or costs that were kept, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from featherbone.cli.completion import complete_networks
from featherbone.cli.options import NETWORK_HELP, Inputs, Json, inputs_of, read_network
from featherbone.cli.output import console, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from featherbone.cost.compare import ComparedCost, Comparison
    from featherbone.cost.differences import Difference
    from featherbone.cost.document import CostDocument


def compare(
    networks: Annotated[
        list[str],
        typer.Argument(
            help=f"{NETWORK_HELP} Or costs that `featherbone cost NETWORK --json` wrote (.json), compared row by "
            "row. The first is what the others differ from.",
            autocompletion=complete_networks,
        ),
    ],
    dtype: Annotated[
        str | None, typer.Option(help="Of the activations: float32 (unless a file says another), float16, …")
    ] = None,
    input: Inputs = None,
    json: Json = False,
) -> None:
    """Costs of networks side by side, with the difference from the first."""
    from featherbone.cost import compare as compare_graphs
    from featherbone.cost.compare import side_by_side
    from featherbone.cost.differences import differences
    from featherbone.cost.document import is_cost_document

    inputs = inputs_of(networks, input)
    files = {target for target in networks if target.endswith(".json") and is_cost_document(Path(target))}
    rows: list[tuple[Difference, ...]] = []
    if files:
        costs = _documents(networks, files, dtype, inputs)
        rows = [differences(costs[0], other) for other in costs[1:]]
        columns = side_by_side([(one.network, one.uncounted, _totals(one)) for one in costs])
    else:
        columns = compare_graphs(
            [read_network(network, inputs[network]) for network in networks], dtype=dtype or "float32"
        )
    if json:
        found: list[dict[str, Any]] = [
            {"target": target, **asdict(column)} for target, column in zip(networks, columns, strict=True)
        ]
        for entry, changed in zip(found[1:], rows, strict=False):
            entry["rows"] = changed
        print_json(found)
        return
    _print_columns(networks, columns)
    for target, changed in zip(networks[1:], rows, strict=False):
        _print_rows(f"{networks[0]} → {target}", changed)


def _documents(
    targets: Sequence[str], files: set[str], dtype: str | None, inputs: Mapping[str, Sequence[str] | None]
) -> list[CostDocument]:
    """The costs of every target; a network's are taken as those of the first file were."""
    from featherbone.cost import CONVENTIONS, count
    from featherbone.cost.document import cost_document, read_cost_document
    from featherbone.cost.table import cost_table
    from featherbone.errors import FeatherboneError, did_you_mean

    read = {target: read_cost_document(Path(target)) for target in targets if target in files}
    like = next(iter(read.values()))
    if dtype is not None and dtype != like.dtype:
        raise FeatherboneError(f"--dtype is {dtype}, but {next(iter(read))} holds costs in {like.dtype}")
    if len(read) < len(set(targets)) and like.convention not in CONVENTIONS:
        raise FeatherboneError(
            f"{next(iter(read))} was counted by {like.convention!r}, by which a network cannot be counted here",
            hint=did_you_mean(like.convention, CONVENTIONS),
        )
    for target in targets:
        if target not in read:
            counted = count(read_network(target, inputs[target]), CONVENTIONS[like.convention])
            read[target] = cost_document(cost_table(counted, dtype=like.dtype, depth=like.depth))
    return [read[target] for target in targets]


def _totals(costs: CostDocument) -> dict[str, int]:
    return {"depth" if key == "layers" else key: value for key, value in costs.totals.items()}


def _print_columns(targets: Sequence[str], columns: Sequence[Comparison]) -> None:
    from featherbone.quantities import QUANTITIES

    shown = [QUANTITIES[name] for name in ("params", "macs", "activations", "peak_memory")]
    rows = [
        (target, *(_cell(getattr(column, each.name), each.show) for each in shown), _cell(column.depth, str))
        for target, column in zip(targets, columns, strict=True)
    ]
    print_table("", ("network", *(each.short for each in shown), "layers"), rows)
    partial = [target for target, column in zip(targets, columns, strict=True) if column.uncounted]
    if partial:
        console().print(f"partial: operators without a rule are not counted in {', '.join(partial)}")


def _print_rows(title: str, rows: Sequence[Difference]) -> None:
    if not rows:
        console().print(f"{title}: every row is the same")
        return
    from featherbone.graph.operators import shape_text
    from featherbone.quantity import format_bytes

    shown = []
    for row in rows:
        shapes = dict.fromkeys(shape_text(shape) for shape in (row.before, row.after) if shape)
        moved = f"{'-' if row.bytes < 0 else '+'}{format_bytes(abs(row.bytes))}"
        shown.append((row.name, row.change, " → ".join(shapes), f"{row.params:+,}", f"{row.macs:+,}", moved))
    print_table(title, ("row", "", "writes", "params", "MACs", "bytes"), shown, left=3)
    counts = {change: sum(row.change == change for row in rows) for change in ("added", "removed", "changed")}
    console().print(", ".join(f"{number} {change}" for change, number in counts.items() if number))


def _cell(cell: ComparedCost, shown: Callable[[int], str]) -> str:
    if cell.share is None or cell.difference == 0:
        return shown(cell.value)
    return f"{shown(cell.value)} {cell.share:+.0%}"
