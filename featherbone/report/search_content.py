"""What the page of a search shows beside what every page does."""

from __future__ import annotations

from typing import Any

from featherbone.quantity import format_duration
from featherbone.report import search_figures, tables
from featherbone.report.choice import chosen, uses
from featherbone.report.run import Run
from featherbone.report.words import missing, verdict
from featherbone.search.record.glance import glance


def search_content(run: Run) -> dict[str, Any]:
    """The content of the page, by the names in ``search.html``."""
    trial = chosen(run)
    return {
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
    found = glance(run.folder)
    bounded = "seconds" in found.limits or "epochs" in found.limits
    return [
        {
            "name": "time left" if name == "seconds" else f"{name} left",
            "text": format_duration(found.left[name]) if name == "seconds" else f"{found.left[name]:,.0f}",
            "note": f"of {format_duration(limit) if name == 'seconds' else f'{limit:,.0f}'}",
            "share": 1 - found.left[name] / limit,
        }
        for name, limit in found.limits.items()
        if name != "trials" or not bounded
    ]
