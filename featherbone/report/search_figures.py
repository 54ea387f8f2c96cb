"""The figures of a search as Plotly's own JSON."""

from __future__ import annotations

from html import escape
from typing import Any

from featherbone.quantity import format_bytes, format_count
from featherbone.report.choice import chosen, front, listed
from featherbone.report.plots import ACCENT, FAINT, INK, RUNGS, Figure, layout, line
from featherbone.report.run import Run, Trial

SYMBOLS = ("circle-open", "circle", "diamond", "square")


def scatter(run: Run) -> Figure:
    """Accuracy against multiply-adds: every trial by its rung, the Pareto front, the chosen one, the limit."""
    trials = [trial for trial in listed(run) if trial.val_top1 is not None]
    winner, traces = chosen(run), []
    edge = front(trials)
    traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Pareto front",
            "x": [trial.macs for trial in edge],
            "y": [_points(trial) for trial in edge],
            "line": {"color": ACCENT, "width": 1.5, "shape": "hv", "dash": "dot"},
            "hoverinfo": "skip",
        }
    )
    for rung in sorted({trial.rung for trial in trials}):
        members = [trial for trial in trials if trial.rung == rung]
        place = min(max(rung, 0), len(RUNGS) - 1)
        marker = {"symbol": SYMBOLS[place], "color": RUNGS[place], "size": 8 + 2 * place}
        traces.append(_points_of(members, f"rung {rung}" if rung >= 0 else "before rung 0", marker))
    if winner is not None and winner.val_top1 is not None:
        marker = {"symbol": "star", "color": ACCENT, "size": 19, "line": {"color": "var(--paper)", "width": 1.5}}
        traces.append(_points_of([winner], "chosen" if run.result else "leads", marker))
    limit = (run.facts.get("budget") or {}).get("macs")
    drawn = layout("multiply-adds", "validation top-1, %")
    drawn["xaxis"]["tickformat"] = "~s"
    if limit:
        drawn["shapes"] = [
            {"type": "line", "x0": limit, "x1": limit, "y0": 0, "y1": 1, "yref": "paper", "line": _dashed(FAINT)}
        ]
        drawn["annotations"] = [
            {"x": limit, "y": 1.0, "yref": "paper", "text": "limit", "showarrow": False, "xanchor": "right"}
        ]
    return {"data": traces, "layout": drawn}


def curves(run: Run) -> Figure:
    """Validation top-1 by epoch: the chosen trial in front of all others."""
    winner = chosen(run)
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": f"design {trial.id}" if trial is winner else "others",
            "legendgroup": "chosen" if trial is winner else "others",
            "showlegend": trial is winner or place == 0,
            "x": [entry["epoch"] for entry in trial.history],
            "y": [_percent(entry.get("val_top1")) for entry in trial.history],
            "line": {"color": ACCENT if trial is winner else FAINT, "width": 3 if trial is winner else 1},
            "opacity": 1 if trial is winner else 0.45,
            "hovertemplate": f"design {trial.id}, epoch %{{x}}: %{{y:.1f}} %<extra></extra>",
        }
        for place, trial in enumerate(sorted(_with_history(run), key=lambda trial: trial is winner))
    ]
    return {"data": traces, "layout": layout("epoch", "validation top-1, %")}


def losses(run: Run) -> Figure | None:
    """The chosen trial's loss on the images it learns from and on those it does not."""
    winner = chosen(run)
    if winner is None or not winner.history:
        return None
    epochs = [entry["epoch"] for entry in winner.history]
    traces = [
        line(name, epochs, [entry.get(key) for entry in winner.history], color)
        for name, key, color in (("training", "train_loss", RUNGS[1]), ("validation", "val_loss", ACCENT))
    ]
    return {"data": traces, "layout": layout("epoch", "loss")}


def parallel(run: Run) -> Figure | None:
    """Every design as one line over its costs and its top-1."""
    trials = [trial for trial in listed(run) if trial.val_top1 is not None]
    if len(trials) < 2:
        return None
    columns: list[tuple[str, list[Any]]] = [
        ("parts of the design", [len(trial.design.split("|")) for trial in trials]),
        ("parameters", [trial.params for trial in trials]),
        ("multiply-adds", [trial.macs for trial in trials]),
        ("peak memory, KiB", [trial.peak_memory / 1024 for trial in trials]),
        ("rung", [trial.rung for trial in trials]),
        ("top-1, %", [_points(trial) for trial in trials]),
    ]
    trace = {
        "type": "parcoords",
        "line": {
            "color": [_points(trial) for trial in trials],
            "colorscale": [[0, RUNGS[0]], [1, ACCENT]],
        },
        "dimensions": [_dimension(label, values) for label, values in columns if len(set(values)) > 1],
        "labelfont": {"color": INK, "size": 13},
        "tickfont": {"color": FAINT, "size": 12},
        "rangefont": {"color": "rgba(0,0,0,0)"},
    }
    drawn = layout("", "")
    drawn["margin"] = {"l": 48, "r": 48, "t": 48, "b": 16}
    drawn["height"] = 340
    return {"data": [trace], "layout": drawn}


def _dimension(label: str, values: list[Any]) -> dict[str, Any]:
    axis = {"label": label, "values": values, "tickformat": "~s"}
    if label == "rung":
        axis["tickvals"] = sorted(set(values))
    return axis


def _points_of(trials: list[Trial], name: str, marker: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [trial.macs for trial in trials],
        "y": [_points(trial) for trial in trials],
        "text": [_hover(trial) for trial in trials],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": marker,
    }


def _hover(trial: Trial) -> str:
    design = "<br>".join(escape(part) for part in trial.design.split(" | "))
    return (
        f"<b>design {trial.id}: {_points(trial):.1f} %</b> after {trial.epochs} epochs<br>{format_count(trial.macs)} "
        f"multiply-adds, {format_count(trial.params)} parameters, {format_bytes(trial.peak_memory)}<br>{design}"
    )


def _with_history(run: Run) -> list[Trial]:
    return [trial for trial in run.trials if trial.history]


def _points(trial: Trial) -> float:
    return 100 * (trial.val_top1 or 0)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _dashed(color: str) -> dict[str, Any]:
    return {"color": color, "width": 1.5, "dash": "dash"}
