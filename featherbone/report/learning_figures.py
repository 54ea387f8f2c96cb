"""The figures of one training: loss, top-1, learning rate and speed by epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from featherbone.report.plots import ACCENT, FAINT, RUNGS, Figure, layout, line
from featherbone.report.run import Run

HEIGHT = 300
FEW = 10  # epochs, up to which each has its tick


def learning(run: Run) -> dict[str, Figure]:
    """Each figure by its name; none before the first epoch."""
    if not run.history:
        return {}
    images = run.record.data.counts.get("train", 0)

    def speed(row: Mapping[str, Any]) -> float | None:
        return images / row["seconds"] if row.get("seconds") else None

    return {
        "losses": _by_epoch(
            run, "loss", ("training", _of("train_loss"), RUNGS[1]), ("validation", _of("val_loss"), ACCENT)
        ),
        "top1": _by_epoch(run, "validation top-1, %", ("validation top-1", _percent, ACCENT)),
        "rate": _by_epoch(run, "learning rate", ("learning rate", _of("lr"), RUNGS[1])),
        "speed": _by_epoch(run, "images a second", ("images a second", speed, FAINT)),
    }


def _by_epoch(run: Run, title: str, *curves: tuple[str, Callable[[Mapping[str, Any]], Any], str]) -> Figure:
    epochs = [row["epoch"] for row in run.history]
    traces = [line(name, epochs, [value(row) for row in run.history], color) for name, value, color in curves]
    drawn = layout("epoch", title)
    drawn["height"] = HEIGHT
    if len(epochs) <= FEW:
        drawn["xaxis"]["dtick"] = 1
    drawn["showlegend"] = len(traces) > 1
    drawn["margin"]["t"] = 36 if len(traces) > 1 else 16
    if title.endswith("a second"):
        drawn["yaxis"]["rangemode"] = "tozero"
    return {"data": traces, "layout": drawn}


def _of(key: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda row: row.get(key)


def _percent(row: Mapping[str, Any]) -> float | None:
    share = row.get("val_top1")
    return None if share is None else 100 * share
