"""What ``fit`` and ``train`` show while they work: a line for each finished thing, and a bar for the one that runs."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from featherbone.cli.dashboard.dashboard import Dashboard
from featherbone.cli.learning import Remaining, epoch_line, step_note
from featherbone.cli.output import console

if TYPE_CHECKING:
    from featherbone.progress import Event, Reading, Trained, TrialScored

PER_SECOND = 2.0  # how often the display is drawn
AGAIN = 10.0  # seconds without a line after which a log hears how far the same step is
WORDS = {
    "data": "reading the images",
    "designs": "sampling designs within the budget",
    "tempo": "timing a few training steps",
    "nodes": "looking at the nodes of the cluster",
    "search": "searching",
    "winner": "finishing the winner",
    "uncut": "fine-tuning the uncut network",
    "cut": "cutting channels",
    "norms": "giving it norms again",
    "compare": "comparing with the uncut network",
    "ranges": "choosing the ranges of maps",
    "rounding": "rounding weights",
    "validate": "judging on validation images",
    "sensitivity": "measuring the sensitivity",
    "learn": "training with quantizers in the loop",
    "float layers": "leaving in float",
    "setting": "trying what trains fastest here",
    "learning rate": "looking for the learning rate",
    "train": "training",
    "export": "exporting to ONNX",
    "verify": "verifying the ONNX file on real images",
    "time": "timing",
    "latency": "learning latencies",
    "finalist": "measuring a finalist",
    "test": "measuring on the test split",
    "report": "writing the report",
    "evaluate": "evaluating",
    "ship": "writing, verifying and running the files",
}
FATES = {
    "crashed": "crashed and will be tried again",
    "lost": "was lost with its worker and goes on from its last checkpoint",
    "interrupted": "was interrupted and goes on from its last checkpoint",
}


class Live:
    """A progress sink for a job: a bar on a terminal, and the search's dashboard while one goes on; else plain lines.

    Lines are for what is worth keeping (a rung reached, the next step); epochs move the bar. Beside a dashboard, which
    tells the rest, only the best so far and what is left out get one.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        from rich.live import Live as Display
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._screen = console(stderr=stderr)
        self._draws = self._screen.is_terminal and not self._screen.is_dumb_terminal
        self._began = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[unit]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=self._screen,
        )
        self._dashboard: Dashboard | None = None
        self._display = Display(
            get_renderable=lambda: self._dashboard or self._bar,
            console=self._screen,
            transient=True,
            refresh_per_second=PER_SECOND,
        )
        self._task = self._bar.add_task("", total=None, visible=False, unit="", note="")
        self._epochs: dict[int, tuple[float, float | None]] = {}
        self._remaining = Remaining()
        self._counting = False
        self._told = ("", 0.0)
        self._said = self._began

    def __enter__(self) -> Live:
        if self._draws:
            self._display.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.stop()

    def __call__(self, event: Event, /) -> None:
        from featherbone import progress as events

        if isinstance(event, events.Step):
            self._hide()
            self._dashboard = None
            self._say(f"{WORDS.get(event.name, event.name)}{': ' + event.detail if event.detail else ''}")
        elif isinstance(event, events.Reading):
            self._read(event)
        elif isinstance(event, events.Noticed):
            self._say(f"note: {event.sentence}")
        elif isinstance(event, events.Searching):
            if self._draws:
                self._dashboard = Dashboard(Path(event.folder), lambda _: dict(self._epochs))
        elif isinstance(event, events.TrialBegan):
            self._move(f"trial {event.trial}", 0, event.epochs, "epochs")
        elif isinstance(event, events.Trained):
            self._trained(event)
        elif isinstance(event, events.TrialScored):
            self._scored(event)
        elif event.final or self._dashboard is None:
            fate = "failed and is left out" if event.final else FATES[event.kind]
            self._say(f"  trial {event.trial} {fate}: {event.error}")

    def _read(self, event: Reading) -> None:
        """The bar moves; a log hears of each thing that is read at once, at its end and from time to time."""
        self._move(event.what, event.done, event.total, event.unit)
        what, when = self._told
        now = time.monotonic()
        if self._draws or (what == event.what and now - when < AGAIN and not 0 < event.total <= event.done):
            return
        self._told = (event.what, now)
        self._say(f"  {event.what}{f' {event.done:,} of {event.total:,} {event.unit}' if event.total else ''}")

    def _trained(self, event: Trained) -> None:
        if event.note:
            self._say(f"note: {event.note}" if event.trial is None else f"  trial {event.trial}: {event.note}")
            return
        if event.trial is None:
            self._learned(event)
            return
        done, accuracy = event.epoch - 1 + event.step / event.steps, event.metrics.get("val_top1")
        self._epochs[event.trial] = (
            done,
            self._epochs.get(event.trial, (0.0, None))[1] if accuracy is None else accuracy,
        )
        if accuracy is not None:
            self._bar.update(self._task, note=f"validation {100 * accuracy:.1f} %")
        self._bar.update(self._task, completed=done)
        self._go_on(f"trial {event.trial}, epoch {event.epoch} of {event.epochs}")

    def _learned(self, event: Trained) -> None:
        """Show how a training goes: the bar has the steps of an epoch, and a finished epoch gets a line."""
        left = self._remaining.after(event)
        if "val_top1" in event.metrics:
            self._say(epoch_line(event, left or 0.0))
            return
        if event.step == 1 or not self._counting:
            self._move(f"epoch {event.epoch}/{event.epochs}", 0, event.steps, "steps")
            self._counting = True
        self._bar.update(self._task, completed=event.step, note=step_note(event, left))
        self._go_on(f"epoch {event.epoch}, step {event.step} of {event.steps}, {step_note(event, left)}")

    def _scored(self, event: TrialScored) -> None:
        accuracy = event.val_top1
        shown = "no score" if accuracy is None else f"validation {100 * accuracy:.2f} %"
        if event.leads or self._dashboard is None:
            self._say(f"  trial {event.trial:>3}  rung {event.rung}  {shown}{'  best so far' if event.leads else ''}")

    def _move(self, what: str, done: int, total: int, unit: str) -> None:
        self._bar.update(self._task, description=what, completed=done, total=total, visible=True, unit=unit, note="")

    def _go_on(self, line: str) -> None:
        """How far the step is, where no bar is drawn and nothing was said for a while."""
        if not self._draws and time.monotonic() - self._said >= AGAIN:
            self._say(f"  {line}")

    def _hide(self) -> None:
        self._bar.update(self._task, visible=False)

    def _say(self, line: str) -> None:
        self._said = time.monotonic()
        self._screen.print(f"{self._said - self._began:6.0f} s  {line}", highlight=False)
