"""A limit of time is the time that a person waits, with any number of workers, and the leader reaches the end in it."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from pathlib import Path

import pytest

from featherbone.progress import silent
from featherbone.search import Limits, Score, open_ledger, search
from featherbone.search.executors import Message, Outcome, Task
from tests.search.fake_training import designs, top1

RUNGS = (3, 9, 27)  # epochs, and seconds


class Virtual:
    """Workers on a clock of their own, in which an epoch of a trial takes a second."""

    def __init__(self, workers: int) -> None:
        self.workers, self.clock, self.busy = workers, 0.0, 0.0
        self.latest = 0.0  # end of a trial, had it gone on from where it was begun
        self._due: list[tuple[float, int, Task]] = []

    def submit(self, task: Task) -> str:
        before = RUNGS[task.rung - 1] if task.rung else 0
        seconds = task.epochs - before
        self.busy += seconds
        self.latest = max(self.latest, self.clock + RUNGS[-1] - before)
        heapq.heappush(self._due, (self.clock + seconds, task.trial, task))
        return "virtual"

    def wait(self) -> Sequence[Message]:
        self.clock, trial, task = heapq.heappop(self._due)
        score = Score(epochs=task.epochs, val_top1=top1(trial, task.epochs), val_loss=1.0, seconds=float(task.epochs))
        return [Outcome(task=task, kind="scored", worker="virtual", seconds=score.seconds, score=score)]

    def close(self) -> None: ...


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 8, 16])
@pytest.mark.parametrize("seconds", [54.0, 100.0, 200.0, 1000.0])
def test_the_leader_reaches_the_end_in_the_time_that_a_person_waits(
    tmp_path: Path, workers: int, seconds: float
) -> None:
    executor = Virtual(workers)
    limits = Limits(trials=10**6, seconds=seconds)
    with open_ledger(tmp_path) as ledger:
        winner = search(
            ledger,
            RUNGS,
            limits=limits,
            propose=designs,
            executor=executor,
            progress=silent,
            clock=lambda: executor.clock,
        )
    assert winner.epochs == RUNGS[-1]
    assert executor.clock <= seconds
    assert executor.latest <= seconds  # what can't win is not begun
    assert executor.busy >= 0.5 * workers * (seconds - RUNGS[-1])  # nor is it idle where there was time
