"""The tables of a page say what the ledger holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from featherbone.report.run import read_run
from featherbone.report.tables import rungs


def test_of_each_rung_those_went_on_that_reached_the_next(make_run: Callable[..., Path]) -> None:
    rows = rungs(read_run(make_run(trials=24)))
    assert [(row["rung"], row["epochs"], row["trials"], row["promoted"]) for row in rows] == [
        (0, 4, 24, 10),
        (1, 12, 10, 3),
        (2, 36, 3, 0),
    ]
