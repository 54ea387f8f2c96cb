"""``featherbone cost``: what a network costs, per stage and per operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.options import NETWORK_HELP, Json, read_network
from featherbone.cli.output import console, print_json, print_table, with_lead

if TYPE_CHECKING:
    from featherbone.cost import Count, Group, PeakMemory, Row


def cost(
    network: Annotated[str, typer.Argument(help=NETWORK_HELP)],
    depth: Annotated[
        int | None, typer.Option(min=1, help="Fold operators by this many parts of their names; 1 is stages.")
    ] = None,
    operators: Annotated[bool, typer.Option("--operators", help="One row for every operator, no folding.")] = False,
    dtype: Annotated[str, typer.Option(help="Of the activations: float32, float16, bfloat16, int8.")] = "float32",
    json: Json = False,
) -> None:
    """Parameters, multiply-adds, activations and peak memory, per stage (and per operator)."""
    from featherbone.cost import count, peak_memory

    counted = count(read_network(network))
    peak = peak_memory(counted.graph, dtype)
    if json:
        document = counted.to_json()
        document["totals"]["peak_memory"] = peak.bytes
        document["peak_memory"] = {"bytes": peak.bytes, "dtype": dtype, "node": peak.node}
        print_json(document)
        return
    _print_rows(counted, depth, operators)
    _print_totals(counted, peak)


def _print_rows(counted: Count, depth: int | None, operators: bool) -> None:
    from featherbone.graph.operators import shape_text

    numbers = ("params", "MACs", "activations", "of MACs")
    totals = (f"{counted.params:,}", f"{counted.macs:,}", f"{counted.activations:,}", "")
    title = f"{counted.graph.name}  input {', '.join(shape_text(node.shape) for node in counted.graph.inputs)}"
    whole = int(counted.macs) or 1

    def cells(part: Row | Group) -> tuple[str, ...]:
        share = f"{100 * int(part.macs) / whole:.1f} %" if part.macs else ""
        return shape_text(part.output), f"{part.params:,}", f"{part.macs:,}", f"{part.activations:,}", share

    if operators:
        rows = [(row.name, row.description, *cells(row)) for row in counted.rows]
        print_table(title, ("operator", "what", "writes", *numbers), rows, left=3, total=("total", "", "", *totals))
        return
    groups = [(group.name, *cells(group)) for group in counted.by_scope(depth or 1)]
    heading = "stage" if depth in (None, 1) else "scope"
    print_table(title, (heading, "writes", *numbers), groups, left=2, total=("total", "", *totals))


def _print_totals(counted: Count, peak: PeakMemory) -> None:
    from featherbone.quantity import format_bytes, format_count

    screen = console()
    screen.print(
        f"{format_count(counted.params)} parameters, {format_count(counted.macs)} multiply-adds "
        f"({format_count(counted.flops)} FLOPs), {format_count(counted.activations)} activations"
    )
    live = ", ".join(f"{tensor.name} {format_bytes(tensor.bytes)}" for tensor in peak.live[:3])
    screen.print(f"peak activation memory {format_bytes(peak.bytes)} ({peak.dtype}) at {peak.node}")
    screen.print(f"  alive then: {live}")
    if counted.complete:
        screen.print(f"complete, by the convention '{counted.convention.name}' (conv + linear multiply-adds)")
    else:
        labels = ", ".join(sorted({label for _, label in counted.uncounted}))
        text = f" {len(counted.uncounted)} operators not counted ({labels})"
        screen.print(with_lead("partial:", text, "bold yellow"))
