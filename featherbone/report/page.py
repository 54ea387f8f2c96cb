"""A run folder → report.html: one file, written whole or not at all, that opens without a network."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from featherbone.cost import count
from featherbone.graph import Graph, from_json
from featherbone.nn.atomic import write_atomically
from featherbone.quantity import format_bytes, format_count
from featherbone.report import figures, tables
from featherbone.report.choice import chosen, uses
from featherbone.report.diagram import diagram
from featherbone.report.outline import Costs
from featherbone.report.run import Run, read_run
from featherbone.report.words import missing, percent, reasons, verdict

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
    page = render(read_run(folder))
    path = folder / NAME
    with write_atomically(path) as file:
        file.write(page.encode("utf-8"))
    return path


def render(run: Run) -> str:
    """The page as HTML text."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(count=format_count, bytes=format_bytes, percent=percent)
    return environment.from_string(_file("template.html")).render(
        _content(run),
        style=Markup(_file("style.css")),
        script=Markup(_file("figures.js")),
        plotly=Markup(get_plotlyjs()),
    )


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
        "figures": {name: _script_json(figure) for name, figure in drawn.items() if figure is not None},
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


def _script_json(figure: object) -> Markup:
    """JSON that can stand inside a script element, whatever text it holds."""
    return Markup(json.dumps(figure).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _file(name: str) -> str:
    return resources.files("featherbone.report").joinpath(name).read_text(encoding="utf-8")
