"""``featherbone export``: a network in the files of other runtimes, verified, with a script that runs them."""

from __future__ import annotations

import shlex

import typer

from featherbone.cli.output import console, print_json, print_table
from featherbone.cli.request_command import command_of
from featherbone.job import ExportRequest

SCHEMA = "featherbone.export/1"
FAILED = 1


@command_of(ExportRequest)
def export(request: ExportRequest, json: bool) -> None:
    """Write a network for other runtimes: each file is run and compared with the network before it is kept.

    Each target and precision gets a folder in --out, with export.json, which says what it is, and predict.py, which
    needs NumPy, Pillow and the runtime alone. With --json, progress goes to standard error.
    """
    from featherbone.cli.progress import Live
    from featherbone.job import run_export
    from featherbone.quantity import format_bytes

    with Live(stderr=json) as live:
        outcomes = run_export(request, live)
    if json:
        told = [{**vars(each), "folder": str(each.folder)} for each in outcomes]
        print_json({"schema": SCHEMA, "exports": told})
    else:
        rows = []
        for each in outcomes:
            check = each.record.verification if each.record is not None else None
            difference = "" if check is None or check.largest_difference is None else f"{check.largest_difference:.1e}"
            rows.append(
                (
                    f"{each.target} {each.precision}",
                    each.reason or str(each.folder),
                    format_bytes(each.size) if each.record is not None else "",
                    difference,
                    "" if check is None else f"{100 * check.top1_agreement:.0f} %",
                )
            )
        columns = ("target", "folder, or why there is none", "size", "largest difference", "same class")
        print_table(request.model, columns, rows, left=2)
        verified = next((each.record.verified_on for each in outcomes if each.record and each.record.verified_on), "")
        if verified:
            console().print(f"verified on {verified}")
        script = next((each.folder / each.record.script for each in outcomes if each.record and each.record.script), "")
        if script:
            console().print(f"try  python {shlex.quote(str(script))} IMAGE…")
    if any(each.reason for each in outcomes):
        raise typer.Exit(FAILED)
