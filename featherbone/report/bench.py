"""The table of a bench as a page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from featherbone.atomic import write_atomically
from featherbone.bench_record import BenchRow
from featherbone.measure.noise import RULE
from featherbone.report.parts import page, script_json
from featherbone.report.plots import RUNGS, Figure, layout


def write_bench(path: Path, rows: Sequence[BenchRow], advice: Sequence[str], *, command: str) -> None:
    """Write the page of a bench: one file that opens without a network.

    Raises:
        FeatherboneError: the file can't be written.
    """
    figure = times(rows)
    text = page(
        "bench.html",
        {
            "rows": rows,
            "models": list(dict.fromkeys(row.model for row in rows)),
            "advice": advice,
            "command": command,
            "rule": RULE,
            "figures": {} if figure is None else {"times": script_json(figure)},
            "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        },
    )
    with write_atomically(path) as file:
        file.write(text.encode("utf-8"))


def times(rows: Sequence[BenchRow]) -> Figure | None:
    """The median of each file as a bar, the fastest on top; None where nothing was timed."""
    timed = sorted((row for row in rows if row.p50_ms is not None), key=lambda row: row.p50_ms or 0)
    if not timed:
        return None
    several = len({row.model for row in rows}) > 1
    names = [_name(row, several) for row in timed]
    medians = [row.p50_ms or 0.0 for row in timed]
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": medians,
        "y": names,
        "marker": {"color": RUNGS[2]},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [(row.high_ms or 0.0) - median for row, median in zip(timed, medians, strict=True)],
            "arrayminus": [median - (row.low_ms or 0.0) for row, median in zip(timed, medians, strict=True)],
        },
        "hovertemplate": "%{y}: %{x:.3g} ms<extra></extra>",
    }
    drawn = layout("milliseconds of one image, median", "")
    drawn["yaxis"].update({"autorange": "reversed", "type": "category"})
    drawn["height"] = 120 + 34 * len(timed)
    return {"data": [trace], "layout": drawn}


def _name(row: BenchRow, several: bool) -> str:
    words = [row.title, str(row.threads), *([row.model] if several else []), *(["noisy"] if row.noise else [])]
    return escape(", ".join(words))
