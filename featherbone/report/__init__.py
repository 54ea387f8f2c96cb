"""The page that a person opens: what a run found, the network that it chose, and how to get it again.

>>> from featherbone.report import write_report
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from featherbone.lazy import loader

if TYPE_CHECKING:
    from featherbone.report.run import Run as Run
    from featherbone.report.run import read_run as read_run


def write_report(run_folder: Path | str, *, again: int | None = 60) -> Path:
    """Write ``report.html`` into a run folder from what stands there, and return its path.

        write_report("runs/digits")

    The page is one file that opens offline. It may be written while the run is going on: what is missing yet is said,
    and the browser loads it ``again`` after so many seconds; with None, the page says that nothing works on the run.

    Raises:
        FeatherboneError: the folder holds no readable run, or the page can't be written.
    """
    from featherbone.report.page import write  # Jinja2 and Plotly load only when a page is written

    return write(Path(run_folder), again=again)


__all__ = ["Run", "read_run", "write_report"]

__getattr__ = loader(__name__, {"Run": "run", "read_run": "run"})
