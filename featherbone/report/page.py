"""A run folder → report.html: one file, written whole or not at all, that opens without a network."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from featherbone.atomic import write_atomically
from featherbone.cost import count
from featherbone.files import damage
from featherbone.graph import Graph
from featherbone.graph.picture.diagram import diagram
from featherbone.graph.picture.outline import Costs
from featherbone.report import tables
from featherbone.report.parts import page, script_json
from featherbone.report.quality import quality
from featherbone.report.quality_figures import confusion, reliability
from featherbone.report.run import Run, read_run
from featherbone.report.search_content import search_content
from featherbone.report.training_content import training_content
from featherbone.run_record import ResultRecord

NAME = "report.html"
REFRESH = 60  # seconds after which a page of a run that is going on is loaded again


def write(folder: Path, *, again: int | None = REFRESH) -> Path:
    """Write the page of a run into its folder; see `featherbone.report.write_report`."""
    with damage(folder, hint="what its run.json, ledger and logs say is no run; run the same command again"):
        text = render(read_run(folder, going=again is not None), again=again)
    path = folder / NAME
    with write_atomically(path) as file:
        file.write(text.encode("utf-8"))
    return path


def render(run: Run, *, again: int | None = REFRESH) -> str:
    """The page as HTML text."""
    refresh = None if run.result else again
    return page("training.html" if run.record.is_training else "search.html", {**_content(run), "refresh": refresh})


def _content(run: Run) -> dict[str, Any]:
    """What both kinds of page show; each adds its own."""
    record = run.record
    own = training_content(run) if record.is_training else search_content(run)
    graph: Graph | None = own["graph"]
    costs = _costs(graph) if graph is not None else {}
    figures = {**own["figures"], "confusion": confusion(run.result, record.data.classes)}
    figures["reliability"] = reliability(run.result)
    return {
        **own,
        "run": run,
        "record": record,
        "data": record.data,
        "result": run.result,
        "stages": tables.stages(graph, costs) if graph is not None else [],
        "diagram": Markup(diagram(graph, costs)) if graph is not None else "",
        "quality": quality(run),
        "seen": "test images",
        "figures": {name: script_json(figure) for name, figure in figures.items() if figure is not None},
        "command": shlex.join(record.command),
        "environment": [*_pairs(record.versions), *_pairs(record.machine), *_timed_on(run.result)],
        "recipe": _pairs(record.recipe),
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
    }


def _costs(graph: Graph) -> Costs:
    return {row.name: (int(row.params), int(row.macs)) for row in count(graph).rows}


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in values.items()]


def _timed_on(result: ResultRecord | None) -> list[tuple[str, str]]:
    if result is None or result.timing is None:
        return []
    timing = result.timing
    said = {"cpu": timing.cpu, "runtime": timing.runtime, "runs": str(timing.runs)}
    return [(f"latency: {name}", value) for name, value in said.items() if value]
