"""One task after another, in this process: nothing to set up, and decisions that depend on nothing but the scores."""

from __future__ import annotations

from time import monotonic

from featherbone.search.executors.base import Message, Task, Tell, Work, outcome_of


class InProcess:
    """An executor of one worker; events go straight to ``tell``, and an interruption ends the search here."""

    workers = 1

    def __init__(self, work: Work, tell: Tell) -> None:
        self._work, self._tell = work, tell
        self._tasks: list[Task] = []

    def submit(self, task: Task) -> str:
        self._tasks.append(task)
        return "here"

    def wait(self) -> list[Message]:
        return [outcome_of(self._tasks.pop(0), self._work, self._tell, worker="here", clock=monotonic)]

    def close(self) -> None:
        self._tasks.clear()
