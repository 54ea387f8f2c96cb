"""``featherbone cost``: what a network costs, per stage and per operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.options import NETWORK_HELP, Json, read_network
from featherbone.cli.output import console, print_json, print_table

if TYPE_CHECKING:
    from featherbone.cost import Count, PeakMemory


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

    total = ("total", "", f"{counted.params:,}", f"{counted.macs:,}", f"{counted.activations:,}", "100.0 %")
    numbers = ("params", "MACs", "activations", "% of MACs")
    title = f"{counted.graph.name}  input {shape_text(counted.graph.input_shape)}"
    whole = int(counted.macs) or 1

    def cells(params: int, macs: int, activations: int) -> tuple[str, ...]:
        return f"{params:,}", f"{macs:,}", f"{activations:,}", f"{100 * macs / whole:.1f} %"

    if operators:
        rows = [
            (row.name, f"{row.description} → {shape_text(row.output)}", *cells(row.params, row.macs, row.activations))
            for row in counted.rows
        ]
        print_table(title, ("operator", "what", *numbers), rows, left=2, total=total)
        return
    groups = [
        (group.name, shape_text(group.output), *cells(group.params, group.macs, group.activations))
        for group in counted.by_scope(depth or 1)
    ]
    print_table(
        title, ("stage" if not depth or depth == 1 else "scope", "writes", *numbers), groups, left=2, total=total
    )


def _print_totals(counted: Count, peak: PeakMemory) -> None:
    from featherbone.quantity import format_bytes, format_count

    screen = console()
    screen.print(
        f"{format_count(counted.params)} parameters, {format_count(counted.macs)} multiply-adds "
        f"({format_count(counted.flops)} FLOPs), {format_count(counted.activations)} activations"
    )
    live = ", ".join(f"{tensor.name} {format_bytes(tensor.bytes)}" for tensor in peak.live[:3])
    screen.print(f"peak activation memory {format_bytes(peak.bytes)} ({peak.dtype}) at {peak.node}: {live}")
    if counted.complete:
        screen.print(f"complete, by the convention '{counted.convention.name}' (conv + linear multiply-adds)")
    else:
        labels = ", ".join(sorted({label for _, label in counted.uncounted}))
        screen.print(f"[bold yellow]partial:[/] {len(counted.uncounted)} operators not counted ({labels})")
