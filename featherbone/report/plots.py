"""What every figure of the page shares. Colours are the page's custom properties; its script fills them in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Figure = dict[str, Any]

ACCENT, INK, FAINT, LINE, BAND = "var(--accent)", "var(--ink)", "var(--faint)", "var(--line)", "var(--band)"
RUNGS = ("var(--rung-0)", "var(--rung-1)", "var(--rung-2)", "var(--rung-3)")


def layout(x: str, y: str) -> dict[str, Any]:
    """Plotly's layout with these titles of the axes."""
    axis = {"gridcolor": LINE, "linecolor": LINE, "zeroline": False, "automargin": True}
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif", "size": 13},
        "hoverlabel": {"bgcolor": "var(--paper)", "bordercolor": LINE, "font": {"color": INK}, "align": "left"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "margin": {"l": 56, "r": 16, "t": 40, "b": 48},
        "height": 420,
        "xaxis": {**axis, "title": {"text": x}},
        "yaxis": {**axis, "title": {"text": y, "standoff": 12}},  # beside long names of classes, not over them
    }


def line(name: str, x: Sequence[Any], y: Sequence[Any], color: str) -> dict[str, Any]:
    """A line through points; a single one is drawn as a dot."""
    return {
        "type": "scatter",
        "mode": "lines" if len(x) > 1 else "markers",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"color": color, "width": 2},
        "marker": {"color": color},
    }
