"""A search as it goes on, on a terminal: rungs, the best so far, spent and left, the workers, the last events.

It draws itself from the run's ledger, which is read now and then, so `fit` and whoever watches it see the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featherbone.cli.dashboard.words import best_lines, event_line, spending_lines
from featherbone.errors import FeatherboneError

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

    from featherbone.search.record.glance import Glance, Running

LOOK_EVERY = 1.0  # seconds
SHARE = 20.0  # looking may take one part in so many of the time
BAR, NARROW = 12, 60  # columns: of a worker's bar, and of a terminal that has no room for it
FIXED = 9  # lines beside rungs, workers and events

Epochs = Mapping[
    int, tuple[float, float | None]
]  # of trials that are trained: epochs that are done, and the last top-1


class Dashboard:
    """A renderable for `rich.live.Live`; ``epochs`` says how far the trials are that are being trained."""

    def __init__(self, folder: Path, epochs: Callable[[Glance], Epochs]) -> None:
        self._folder, self._epochs = folder, epochs
        self._glance: Glance | None = None
        self._trouble = ""
        self._next = 0.0

    def look(self) -> Glance | None:
        """The search as it was at most a moment ago; None while it can't be read."""
        from featherbone.search.record.glance import glance

        now = time.monotonic()
        if now >= self._next:
            try:
                self._glance, self._trouble = glance(self._folder), ""
            except FeatherboneError as error:  # such as a disk that is gone for a while: it may come back
                self._trouble = error.sentence
            took = time.monotonic() - now
            self._next = now + max(LOOK_EVERY, SHARE * took)
        return self._glance

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        from rich.text import Text

        found = self.look()
        if found is not None:
            yield _rungs(found)
            for line in best_lines(found):
                yield Text(line, no_wrap=True, overflow="ellipsis")
            for line in spending_lines(found):
                yield Text(line, no_wrap=True, overflow="ellipsis")
            room = max(0, console.height - FIXED - len(found.rungs))
            workers = min(len(found.running), (room + 1) // 2)
            yield from self._workers(found, workers, options.max_width)
            for ended in found.latest[: max(0, room - workers)]:
                yield Text(event_line(ended, time.time()), no_wrap=True, overflow="ellipsis", style="dim")
        if self._trouble:
            yield Text(self._trouble, style="red")

    def _workers(self, found: Glance, shown: int, width: int) -> Iterator[RenderableType]:
        from rich.table import Table
        from rich.text import Text

        if not shown:
            return
        epochs = self._epochs(found)
        table = Table.grid(padding=(0, 2, 0, 0))
        for _ in range(3 + (width >= NARROW)):
            table.add_column(no_wrap=True, overflow="ellipsis")
        for each in found.running[:shown]:
            done, top1 = epochs.get(each.trial, (float(each.before), None))
            score = "" if top1 is None else f"{100 * top1:.1f} %"
            cells: list[Any] = [Text(each.worker), f"trial {each.trial}", f"{done:.1f}/{each.epochs} ep. {score}"]
            table.add_row(*cells, *([_bar(each, done)] if width >= NARROW else []))
        yield table
        if len(found.running) > shown:
            yield Text(f"and {len(found.running) - shown:,} more", style="dim")


def _bar(each: Running, done: float) -> RenderableType:
    from rich.progress_bar import ProgressBar

    return ProgressBar(total=max(1, each.epochs - each.before), completed=max(0.0, done - each.before), width=BAR)


def _rungs(found: Glance) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("rung", "epochs", "trials", "running", "best"):
        table.add_column(heading, justify="right", no_wrap=True)
    for rung in found.rungs:
        best = "" if rung.best is None else f"{100 * rung.best:.2f} %"
        table.add_row(str(rung.rung), str(rung.epochs), f"{rung.trials:,}", str(rung.running or ""), best)
    return table
