"""``featherbone cost``: what a network costs, per stage and per operator; with ``--budget`` a gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from featherbone.cli.completion import complete_conventions, complete_networks
from featherbone.cli.options import NETWORK_HELP, Inputs, read_imported
from featherbone.errors import FeatherboneError
from featherbone.job.option import MOST

if TYPE_CHECKING:
    from featherbone.cost import Convention, Count
    from featherbone.importing import Imported


CONVENTION_HELP = "Count multiply-adds as papers do, or as this tool: fvcore, ptflops, thop, torchinfo, …"
DTYPE_HELP = "Of weights and maps: float16, bfloat16, int8; unless given, int8 of a quantized model, else float32."


def cost(
    network: Annotated[str, typer.Argument(help=NETWORK_HELP, autocompletion=complete_networks)],
    input: Inputs = None,
    depth: Annotated[
        int | None, typer.Option(min=1, max=MOST, help="Fold operators by this many parts of their names; 1 is stages.")
    ] = None,
    operators: Annotated[bool, typer.Option("--operators", help="One row for every operator, no folding.")] = False,
    sort: Annotated[
        str | None, typer.Option(help="Largest first: macs, params, activations, bytes or intensity.")
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="Of what, reads, writes, params, macs, activations, bytes, intensity, macs-share (and so on), field "
            "(receptive field), jump (its stride); with commas. JSON holds all."
        ),
    ] = None,
    dtype: Annotated[str | None, typer.Option(help=DTYPE_HELP)] = None,
    format: Annotated[
        str | None, typer.Option(help="table, json, csv, markdown or html. JSON and CSV hold every operator.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    out: Annotated[Path | None, typer.Option(help="A file to write; html needs one.")] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Limits, such as 'macs<300M params<4M peak-memory<2MiB': exit code 1 and a line for each that is "
            "broken. Of macs, params, activations, peak-memory, size (model file), latency (onnxruntime, 1 thread)."
        ),
    ] = None,
    convention: Annotated[str, typer.Option(help=CONVENTION_HELP, autocompletion=complete_conventions)] = "papers",
    explain: Annotated[
        bool, typer.Option("--explain", help="What each tool prints, and which operators make the difference.")
    ] = False,
) -> None:
    """Parameters, multiply-adds, activations, bytes moved and peak memory, per stage (and per operator)."""
    from featherbone.cli.cost.output import write_table
    from featherbone.cost import convention_named
    from featherbone.cost.columns import OPERATORS, SCOPES
    from featherbone.cost.columns import columns as columns_of
    from featherbone.cost.table import cost_table

    form = _format(format, json, out)
    if depth is not None and operators:
        raise FeatherboneError("--depth folds operators and --operators does not", hint="give one of them")
    if explain:
        others = (out, budget, depth, sort, columns, operators or None, convention if convention != "papers" else None)
        _explain(network, input, form, alone=all(other is None for other in others))
        return
    rules = convention_named(convention)
    if budget is not None:
        _gate(network, input, form, rules, budget=budget, dtype=dtype, out=out)
        return
    folded = depth or (1 if form in ("table", "markdown") and not operators else None)
    wanted = columns_of(columns.split(",") if columns is not None else OPERATORS if folded is None else SCOPES)
    imported = read_imported(network, input)
    table = cost_table(_counted(imported, rules), dtype=dtype or imported.dtype, depth=folded, sort=sort)
    table = replace(table, notes=imported.warnings, constants=imported.constants)
    write_table(table, format=form, columns=wanted, chosen=columns is not None, out=out)


def _explain(network: str, input: Inputs, form: str, *, alone: bool) -> None:
    """What each tool prints; ``alone`` says that no other option was given."""
    from featherbone.cli.cost.explain import print_explanation

    if form not in ("table", "json") or not alone:
        raise FeatherboneError(
            "--explain shows totals by every convention, as a table or as JSON", hint="leave out other options"
        )
    imported = read_imported(network, input)
    print_explanation(imported.graph, imported.calls, json=form == "json")


def _gate(
    network: str, input: Inputs, form: str, rules: Convention, *, budget: str, dtype: str | None, out: Path | None
) -> None:
    """A line for each limit that is broken, and exit code 1."""
    from featherbone.cli.cost.gate import gate
    from featherbone.cli.time import read_subject

    if form not in ("table", "json") or out is not None:
        raise FeatherboneError("--budget answers in lines or in JSON", hint="leave out --format and --out")
    imported = read_imported(network, input)
    counted = _counted(imported, rules)
    dtype = dtype or imported.dtype
    gate(counted, budget, lambda: read_subject(network, input), dtype=dtype, json=form == "json")


def _counted(imported: Imported, rules: Convention) -> Count:
    from featherbone.cost import PAPERS, count
    from featherbone.cost.calls import NO_CALLS

    return count(imported.graph, rules, calls=NO_CALLS if rules is PAPERS else imported.calls)


def _format(format: str | None, json: bool, out: Path | None) -> str:
    """One word for how it is written, checked; a page needs a file."""
    from featherbone.cli.cost.output import require_format

    if json and format not in (None, "json"):
        raise FeatherboneError(f"--json and --format {format} cannot both hold", hint="give one of them")
    form = "json" if json else format or "table"
    require_format(form, out)
    return form
