"""A run as a notebook shows it: the verdict, each cost beside its limit, the network drawn, and where its page is."""

from __future__ import annotations

from html import escape

from featherbone.cost import count
from featherbone.graph import Graph, from_json
from featherbone.graph.picture.diagram import diagram
from featherbone.notebook import framed, table, told
from featherbone.report.choice import chosen, uses
from featherbone.report.run import Run
from featherbone.report.training_content import training_verdict
from featherbone.report.words import verdict

PAGE = "report.html"


def run_as_html(run: Run) -> str:
    """A run as HTML, without the learning curves and fronts that its page has."""
    headline = training_verdict(run) if run.record.is_training else verdict(run)
    parts = [told(f"{headline.badge}: {headline.sentence}")]
    if not run.record.is_training and (used := uses(run)):
        rows = [(use.name, use.text, "" if use.limit is None else use.limit_text) for use in used]
        parts.append(table(("cost", "network", "limit"), rows))
    graph = _network(run)
    if graph is not None:
        parts.append(diagram(graph, {row.name: (int(row.params), int(row.macs)) for row in count(graph).rows}))
    page = run.folder / PAGE
    if page.is_file():
        path = escape(page.as_posix())
        parts.append(f'<p>the whole report: <a href="{path}">{path}</a></p>')
    else:
        parts.append(told(f"featherbone report {run.folder} writes its page"))
    return framed(*parts)


def _network(run: Run) -> Graph | None:
    """The network that is trained, or that was chosen or leads."""
    if run.record.is_training:
        return from_json(run.graph) if run.graph else None
    trial = chosen(run)
    return run.network(trial) if trial is not None else None
