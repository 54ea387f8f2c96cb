"""A run folder → report.html: one file, written whole or not at all, that opens without a network."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from markupsafe import Markup

from featherbone.atomic import write_atomically
from featherbone.cost import count
from featherbone.graph import Graph, from_json
from featherbone.report import figures, tables
from featherbone.report.choice import chosen, uses
from featherbone.report.diagram import diagram
from featherbone.report.outline import Costs
from featherbone.report.parts import page, script_json
from featherbone.report.run import Run, read_run
from featherbone.report.words import missing, reasons, verdict

NAME = "report.html"
DATA: dict[str, Any] = {  # what the page asks of the data, where a run does not say
    "name": "unnamed data",
    "source": "",
    "fingerprint": "",
    "classes": [],
    "resolution": None,
    "channels": None,
    "counts": {},
    "warnings": [],
    "skipped": [],  # (path, reason) of each file that was left out
}


def write(folder: Path) -> Path:
    """Write the page of a run into its folder; see `featherbone.report.write_report`."""
    text = render(read_run(folder))
    path = folder / NAME
    with write_atomically(path) as file:
        file.write(text.encode("utf-8"))
    return path


def render(run: Run) -> str:
    """The page as HTML text."""
    return page("template.html", _content(run))


def _content(run: Run) -> dict[str, Any]:
    facts, trial = run.facts, chosen(run)
    graph = from_json(trial.graph) if trial is not None else None
    costs = _costs(graph) if graph is not None else {}
    drawn = {
        "scatter": figures.scatter(run) if any(trial.val_top1 is not None for trial in run.trials) else None,
        "curves": figures.curves(run) if any(trial.history for trial in run.trials) else None,
        "losses": figures.losses(run),
        "confusion": figures.confusion(run),
        "parallel": figures.parallel(run),
    }
    return {
        "run": run,
        "facts": facts,
        "data": DATA | (facts.get("data") or {}),
        "result": run.result,
        "trial": trial,
        "verdict": verdict(run),
        "missing": missing(run),
        "uses": uses(run),
        "reasons": reasons(run),
        "stages": tables.stages(graph, costs) if graph is not None else [],
        "diagram": Markup(diagram(graph, costs)) if graph is not None else "",
        "rungs": tables.rungs(run),
        "worst": tables.worst_classes(run),
        "designs": tables.designs(run),
        "figures": {name: script_json(figure) for name, figure in drawn.items() if figure is not None},
        "command": shlex.join(map(str, facts.get("command") or [])),
        "environment": [*_pairs("versions", facts), *_pairs("machine", facts), *_timed_on(run)],
        "recipe": _pairs("recipe", facts),
        "written": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _costs(graph: Graph) -> Costs:
    return {row.name: (int(row.params), int(row.macs)) for row in count(graph).rows}


def _pairs(key: str, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in (facts.get(key) or {}).items()]


def _timed_on(run: Run) -> list[tuple[str, str]]:
    timing = (run.result or {}).get("timing") or {}
    return [(f"latency: {key}", str(timing[key])) for key in ("cpu", "runtime", "runs") if key in timing]
