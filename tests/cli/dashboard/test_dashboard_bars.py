"""The bar of a worker shows how far its trial is from where it went on."""

from __future__ import annotations

import pytest
from rich.progress_bar import ProgressBar

from featherbone.cli.dashboard.dashboard import _bar
from featherbone.search.record.glance import Running


@pytest.mark.parametrize(
    ("before", "epochs", "done", "completed", "total"),
    [(4, 12, 6.0, 2.0, 8), (0, 4, 0.5, 0.5, 4), (4, 12, 3.0, 0.0, 8), (4, 4, 4.0, 0.0, 1)],
)
def test_a_bar_has_the_epochs_of_its_rung(before: int, epochs: int, done: float, completed: float, total: int) -> None:
    running = Running(trial=1, rung=1, before=before, epochs=epochs, worker="here", began=0.0)
    bar = _bar(running, done)
    assert isinstance(bar, ProgressBar)
    assert (bar.completed, bar.total) == (completed, total)
