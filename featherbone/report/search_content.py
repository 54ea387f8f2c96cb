"""What the page of a search shows beside what every page does."""

from __future__ import annotations

from typing import Any

from featherbone.report import search_figures, tables
from featherbone.report.choice import chosen, uses
from featherbone.report.run import Run
from featherbone.report.words import missing, reasons, verdict


def search_content(run: Run) -> dict[str, Any]:
    """By the names in ``search.html``."""
    trial = chosen(run)
    scored = any(trial.val_top1 is not None for trial in run.trials)
    learned = any(trial.history for trial in run.trials)
    return {
        "graph": run.network(trial) if trial is not None else None,
        "figures": {
            "scatter": search_figures.scatter(run) if scored else None,
            "curves": search_figures.curves(run) if learned else None,
            "losses": search_figures.losses(run),
            "parallel": search_figures.parallel(run),
        },
        "trial": trial,
        "verdict": verdict(run),
        "missing": missing(run),
        "uses": uses(run),
        "reasons": reasons(run),
        "rungs": tables.rungs(run),
        "designs": tables.designs(run),
        "tried": len(run.trials),
    }
