"""What a measurement is doing: a line that changes on a terminal, lines in a pipe or a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from featherbone.cli.output import console

AGAIN = 10.0  # seconds after which a log hears how far the same step is


@contextmanager
def steps() -> Iterator[Callable[[str], None]]:
    """A function that shows on standard error what is being done.

    What follows a colon in it says how far: "measuring a and b: 40 %". In a log a step is one line, and how far it is
    another from time to time.
    """
    screen, began = console(stderr=True), time.monotonic()
    if screen.is_terminal:
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        with Progress(*columns, console=screen, transient=True) as bar:
            task = bar.add_task("starting", total=None)
            yield lambda message: bar.update(task, description=message)
        return
    said, when = "", -AGAIN

    def say(message: str) -> None:
        nonlocal said, when
        now, step = time.monotonic(), message.partition(": ")[0]
        if step != said or now - when >= AGAIN:
            screen.print(f"{now - began:6.0f} s  {message}")
            said, when = step, now

    yield say
