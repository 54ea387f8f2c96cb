"""``featherbone report``: write a run's page again, from its folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(run: Annotated[Path, typer.Argument(help="The folder of a run, such as runs/demo.")]) -> None:
    """Write report.html of a run again; works while the run is going on, too."""
    from featherbone.report import write_report

    print(write_report(run))
