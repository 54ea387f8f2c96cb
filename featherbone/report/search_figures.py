"""The figures of a search as Plotly's own JSON."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from featherbone.quantities import QUANTITIES
from featherbone.quantity import format_bytes, format_count
from featherbone.report.choice import chosen, listed
from featherbone.report.plots import ACCENT, FAINT, INK, RUNGS, Figure, layout, line
from featherbone.report.run import History, Run
from featherbone.search.record.answer import Answer, Point
from featherbone.search.record.rows import Trial

SYMBOLS = ("circle-open", "circle", "diamond", "square")


def scatter(run: Run) -> Figure | None:
    """Accuracy against a cost: every trial by its rung, the Pareto front with standard errors, the chosen one, the
    limit. Buttons choose the cost; the one whose limit binds is shown first.
    """
    found, winner = run.search.answer, chosen(run)
    if found is None:
        return None
    compared = {each.id for each in run.search.compared}
    shown = [trial for trial in listed(run) if trial.id in compared]
    groups: list[tuple[list[Trial], str, dict[str, Any]]] = []
    for rung in sorted({trial.rung for trial in shown}):
        place = min(rung, len(RUNGS) - 1)
        marker = {"symbol": SYMBOLS[place], "color": RUNGS[place], "size": 8 + 2 * place}
        groups.append(([each for each in shown if each.rung == rung], f"rung {rung}", marker))
    if winner is not None and winner.val_top1 is not None:
        star = {"symbol": "star", "color": ACCENT, "size": 19, "line": {"color": "var(--paper)", "width": 1.5}}
        groups.append(([winner], "chosen" if run.result else "leads", star))
    limits = run.record.limits
    costs = sorted(found.fronts, key=lambda cost: cost != found.binding)
    views = [_view(cost, costs, found, [members for members, *_ in groups], limits.get(cost)) for cost in costs]
    fronts = [_front(found.fronts[cost], visible=cost == costs[0]) for cost in costs]
    traces = [*fronts, *(_points_of(*group) for group in groups)]
    for trace, x in zip(traces, views[0]["x"], strict=True):
        trace["x"] = x
    drawn = layout(QUANTITIES[costs[0]].heading, "validation top-1, %")
    drawn["xaxis"]["tickformat"] = "~s"
    drawn |= {"shapes": views[0]["shapes"], "annotations": views[0]["annotations"]}
    choices = [_choice(cost, view) for cost, view in zip(costs, views, strict=True)] if len(costs) > 1 else []
    return {"data": traces, "layout": drawn, "choices": choices}


def _view(cost: str, costs: list[str], found: Answer, groups: list[list[Trial]], limit: float | None) -> dict[str, Any]:
    """What changes with the cost: which front is seen, where the other traces stand, and the limit."""
    fronts = [[point.cost for point in found.fronts[each]] for each in costs]
    end = {"x0": limit, "x1": limit, "y0": 0, "y1": 1, "yref": "paper", "type": "line", "line": _dashed(FAINT)}
    word = {"x": limit, "y": 1.0, "yref": "paper", "text": "limit", "showarrow": False, "xanchor": "right"}
    return {
        "visible": [each == cost for each in costs] + [True] * len(groups),
        "x": [*fronts, *([trial.costs.get(cost) for trial in group] for group in groups)],
        "shapes": [] if limit is None else [end],
        "annotations": [] if limit is None else [word],
    }


def _choice(cost: str, view: dict[str, Any]) -> dict[str, Any]:
    """What the button of a cost changes."""
    return {
        "label": QUANTITIES[cost].words,
        "data": {"visible": view["visible"], "x": view["x"]},
        "layout": {
            "xaxis.title.text": QUANTITIES[cost].heading,
            "shapes": view["shapes"],
            "annotations": view["annotations"],
        },
    }


def _front(points: Sequence[Point], *, visible: bool) -> dict[str, Any]:
    """The front as a stair; bars are standard errors."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "Pareto front",
        "visible": visible,
        "y": [100 * point.top1 for point in points],
        "error_y": {
            "type": "data",
            "array": [round(100 * point.standard_error, 3) for point in points],
            "color": ACCENT,
            "thickness": 1,
            "width": 3,
        },
        "line": {"color": ACCENT, "width": 1.5, "shape": "hv", "dash": "dot"},
        "hoverinfo": "skip",
    }


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
            "x": [entry["epoch"] for entry in history],
            "y": [_percent(entry.get("val_top1")) for entry in history],
            "line": {"color": ACCENT if trial is winner else FAINT, "width": 3 if trial is winner else 1},
            "opacity": 1 if trial is winner else 0.45,
            "hovertemplate": f"design {trial.id}, epoch %{{x}}: %{{y:.1f}} %<extra></extra>",
        }
        for place, (trial, history) in enumerate(sorted(_with_history(run), key=lambda entry: entry[0] is winner))
    ]
    return {"data": traces, "layout": layout("epoch", "validation top-1, %")}


def losses(run: Run) -> Figure | None:
    """The chosen trial's loss on the images it learns from and on those it does not."""
    winner = chosen(run)
    history = run.histories.get(winner.id, ()) if winner is not None else ()
    if not history:
        return None
    epochs = [entry["epoch"] for entry in history]
    traces = [
        line(name, epochs, [entry.get(key) for entry in history], color)
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
    drawn["margin"] = {"l": 72, "r": 48, "t": 48, "b": 16}
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


def _with_history(run: Run) -> list[tuple[Trial, History]]:
    return [(trial, run.histories[trial.id]) for trial in run.search.trials if run.histories.get(trial.id)]


def _points(trial: Trial) -> float:
    return 100 * (trial.val_top1 or 0)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _dashed(color: str) -> dict[str, Any]:
    return {"color": color, "width": 1.5, "dash": "dash"}
