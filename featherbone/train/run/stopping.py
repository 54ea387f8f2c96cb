"""Ctrl-C and SIGTERM: once, a run stops at a place where it can be saved; twice, at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from featherbone.train.several.distributed import TrainingProcesses

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Whether a run was asked to stop, in any of its processes."""

    def __init__(self, processes: TrainingProcesses) -> None:
        self.asked = False
        self._processes = processes
        self._at_once = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """What Python calls on a signal."""
        again, self.asked = self.asked, True
        if again or self._at_once:
            raise KeyboardInterrupt

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Inside, the first request raises as well: for long work that leaves nothing half done.

        Of several processes none may leave the others waiting: they finish that work.
        """
        if self._processes.count == 1:
            self.obey()
            self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def agreed(self) -> bool:
        """Whether any process was asked; all learn it at the same step."""
        self.asked = bool(self._processes.sum(self.asked))
        return self.asked

    def obey(self) -> None:
        """Raise `KeyboardInterrupt` where the run was asked to stop."""
        if self.asked:
            raise KeyboardInterrupt


@contextmanager
def stoppable(processes: TrainingProcesses) -> Iterator[Stopping]:
    """Inside, a first SIGINT or SIGTERM only asks to stop, and a second one raises `KeyboardInterrupt`.

    >>> with stoppable(TrainingProcesses()) as stopping:
    ...     stopping.asked
    False

    Signals that are ignored, as SIGINT under `nohup`, stay ignored. Outside of the main thread, where Python allows no
    handlers, signals do what they did before. A request that nobody obeyed raises at the end: none is lost.
    """
    stopping = Stopping(processes)
    before: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        # None: a handler that was not set from Python, and could not be put back.
        before = {number: signal.getsignal(number) for number in SIGNALS}
        before = {number: old for number, old in before.items() if old not in (None, signal.SIG_IGN)}
    for number in before:
        signal.signal(number, stopping.handle)
    try:
        yield stopping
    finally:
        for number, old in before.items():
            signal.signal(number, old)
    stopping.obey()
