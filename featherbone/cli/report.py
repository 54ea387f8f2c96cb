"""``featherbone report``: write a run's page again, from its folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from featherbone.cli.options import Json
from featherbone.cli.output import print_json
from featherbone.cli.streams import visible


def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run, such as runs/demo.")], json: Json = False
) -> None:
    """Write report.html of a run again; works while the run is going on, too."""
    from featherbone.report import write_report

    page = write_report(run)
    if json:
        print_json({"report": str(page)})
    else:
        print(visible(str(page)))
