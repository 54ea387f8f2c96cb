"""What the page of a search shows beside what every page does."""

from __future__ import annotations

from typing import Any

from featherbone.quantity import format_duration
from featherbone.report import search_figures, tables
from featherbone.report.choice import chosen, uses
from featherbone.report.cut_content import cut_content
from featherbone.report.run import Run
from featherbone.report.words import missing, verdict
from featherbone.search.record.rows import limits_told


def search_content(run: Run) -> dict[str, Any]:
    """The content of the page, by the names in ``search.html``."""
    trial = chosen(run)
    return {
        **cut_content(run.record),
        "graph": run.network(trial) if trial is not None else None,
        "figures": {
            "scatter": search_figures.scatter(run),
            "curves": search_figures.curves(run) if any(run.histories.values()) else None,
            "losses": search_figures.losses(run),
            "parallel": search_figures.parallel(run),
        },
        "trial": trial,
        "verdict": verdict(run),
        "missing": missing(run),
        "uses": uses(run),
        "reasons": run.search.why,
        "fronts": tables.fronts(run),
        "standing": standing(run),
        "rungs": tables.rungs(run),
        "designs": tables.designs(run),
        "drawn": len(run.search.trials),
        "tried": sum(trial.begun for trial in run.search.trials),
    }


def standing(run: Run) -> list[dict[str, Any]]:
    """What is left of each limit of a search that goes on, as tiles."""
    if run.result is not None or not run.search.trials:
        return []
    limits, left = run.search.setup.limited(), run.search.left
    return [
        {
            "name": "time left" if name == "seconds" else f"{name} left",
            "text": format_duration(left[name]) if name == "seconds" else f"{left[name]:,.0f}",
            "note": f"of {format_duration(limits[name]) if name == 'seconds' else f'{limits[name]:,.0f}'}",
            "share": 1 - left[name] / limits[name],
        }
        for name in limits_told(limits)
    ]
