"""The figures of how good a network is: what it takes for what, and whether it knows what it knows."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from featherbone.report.plots import ACCENT, BAND, FAINT, RUNGS, Figure, layout
from featherbone.run_record import EvaluationRecord, ResultRecord

MOST_CELLS, MOST_LABELLED = 200, 20  # classes of a confusion matrix that is drawn; that shows its numbers


Judged = ResultRecord | EvaluationRecord | None


def confusion(result: Judged, names: Sequence[str]) -> Figure | None:
    """Rows are what the images show, columns what the network says; the colour is the share of the row."""
    matrix = result.confusion if result is not None else ()
    if not matrix or len(matrix) > MOST_CELLS or len(names) != len(matrix):
        return None
    shares = [[cell / max(1, sum(row)) for cell in row] for row in matrix]
    labels = [escape(name) for name in names]
    ramp = [[0, "var(--paper)"], [0.001, "var(--heat-1)"], [0.1, "var(--heat-2)"], [1, "var(--heat-3)"]]
    trace: dict[str, Any] = {
        "type": "heatmap",
        "x": labels,
        "y": labels,
        "z": shares,
        "customdata": matrix,
        "zmin": 0,
        "zmax": 1,
        "colorscale": ramp,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertemplate": "%{y} read as %{x}: %{customdata} images, %{z:.1%}<extra></extra>",
    }
    if len(matrix) <= MOST_LABELLED:
        trace["text"] = [[str(cell) if cell else "" for cell in row] for row in matrix]
        trace["texttemplate"] = "%{text}"
    drawn = layout("the network says", "the image shows")
    drawn["xaxis"].update({"type": "category", "showgrid": False, "side": "top", "constrain": "domain"})
    drawn["yaxis"].update(
        {"type": "category", "showgrid": False, "autorange": "reversed", "scaleanchor": "x", "constrain": "domain"}
    )
    drawn["margin"] = {"l": 56, "r": 8, "t": 72, "b": 8}
    drawn["height"] = 460 if len(matrix) <= MOST_LABELLED else 640
    return {"data": [trace], "layout": drawn}


def reliability(result: Judged) -> Figure | None:
    """The share that is right against confidence, with how many images each group has below."""
    bins = result.calibration if result is not None else ()
    if not bins:
        return None
    width = 1 / len(bins)
    filled = [(100 * width * (place + 0.5), entry) for place, entry in enumerate(bins) if entry.count]
    total = sum(entry.count for entry in bins)
    words = [
        f"{entry.count:,} images, sure {100 * entry.confidence:.1f} %, right {100 * entry.accuracy:.1f} %"
        for _, entry in filled
    ]
    common = {
        "type": "bar",
        "x": [middle for middle, _ in filled],
        "width": 100 * width,
        "text": words,
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
    }
    right = {**common, "y": [100 * entry.accuracy for _, entry in filled], "marker": _bar(RUNGS[1])}
    share = {**common, "y": [100 * entry.count / total for _, entry in filled], "marker": _bar(FAINT), "yaxis": "y2"}
    ideal = {
        "type": "scatter",
        "mode": "lines",
        "x": [0, 100],
        "y": [0, 100],
        "line": {"color": ACCENT, "width": 1.5, "dash": "dot"},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    drawn = layout("how sure it is, %", "right, %")
    drawn["xaxis"].update({"range": [0, 100], "anchor": "y2"})
    drawn["yaxis"].update({"range": [0, 100], "domain": [0.3, 1]})
    drawn["yaxis2"] = {**drawn["yaxis"], "title": {"text": "images, %"}, "domain": [0, 0.22]}
    del drawn["yaxis2"]["range"]
    drawn["margin"]["t"] = 16
    return {"data": [right, share, ideal], "layout": drawn}


def _bar(color: str) -> dict[str, Any]:
    return {"color": color, "line": {"color": BAND, "width": 1}}
