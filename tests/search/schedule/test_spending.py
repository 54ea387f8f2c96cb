"""A limit of time is the time that a person waits, with any number of workers, and the leader reaches the end in it."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fake_training import designs, top1

from featherbone.errors import FeatherboneError
from featherbone.progress import silent
from featherbone.search import Entry, Limits, Score, open_ledger, search
from featherbone.search.executors import Message, Outcome, Task
from featherbone.search.schedule.board import Board, RungJob
from featherbone.search.schedule.spending import Spending

RUNGS = (3, 9, 27)


def unlike(board: Board, number: int) -> Sequence[Entry]:
    """Endless designs; every second one has twice the multiply-adds, and takes twice as long."""
    return [
        replace(entry, costs=replace(entry.costs, macs=pace(len(board.trials) + n + 1)))
        for n, entry in enumerate(designs(board, number))
    ]


def pace(trial: int) -> int:
    """Seconds an epoch."""
    return 1 + trial % 2


class Virtual:
    """Workers on a clock of their own."""

    def __init__(self, workers: int, luck: int) -> None:
        self._luck = luck
        self.workers, self.clock, self.busy = workers, 0.0, 0.0
        self.latest = 0.0  # end of a trial, had it gone on from where it was begun
        self._due: list[tuple[float, int, Task]] = []

    def submit(self, task: Task) -> str:
        before = RUNGS[task.rung - 1] if task.rung else 0
        seconds = (task.epochs - before) * pace(task.trial)
        self.busy += seconds
        self.latest = max(self.latest, self.clock + (RUNGS[-1] - before) * pace(task.trial))
        heapq.heappush(self._due, (self.clock + seconds, task.trial, task))
        return "virtual"

    def wait(self) -> Sequence[Message]:
        self.clock, trial, task = heapq.heappop(self._due)
        score = Score(
            epochs=task.epochs,
            val_top1=top1(trial + self._luck, task.epochs),
            val_loss=1.0,
            seconds=task.epochs * float(pace(trial)),
        )
        return [Outcome(task=task, kind="scored", worker="virtual", seconds=score.seconds, score=score)]

    def close(self) -> None: ...


@pytest.mark.parametrize("luck", [0, 100, 200, 300])
@pytest.mark.parametrize("workers", [1, 2, 3, 4, 8, 16])
@pytest.mark.parametrize("seconds", [60.0, 100.0, 200.0, 1000.0])
def test_the_leader_reaches_the_end_in_the_time_that_a_person_waits(
    tmp_path: Path, workers: int, seconds: float, luck: int
) -> None:
    executor = Virtual(workers, luck)
    limits = Limits(trials=10**6, seconds=seconds)
    with open_ledger(tmp_path) as ledger:
        winner = search(
            ledger,
            RUNGS,
            limits=limits,
            propose=unlike,
            executor=executor,
            progress=silent,
            clock=lambda: executor.clock,
        )
    assert winner.epochs == RUNGS[-1]
    assert executor.clock <= seconds
    assert executor.latest <= seconds  # what can't win is not begun
    assert executor.busy >= 0.4 * workers * (seconds - 2 * RUNGS[-1])  # nor is it idle where there was time


@pytest.mark.parametrize("luck", [100, 200, 300])
def test_beside_the_leader_the_second_best_climbs_as_well(tmp_path: Path, luck: int) -> None:
    """A minute is too short for one to be promoted to the end before the others have ended."""
    executor = Virtual(8, luck)
    with open_ledger(tmp_path) as ledger:
        search(
            ledger,
            RUNGS,
            limits=Limits(trials=10**6, seconds=60.0),
            propose=unlike,
            executor=executor,
            progress=silent,
            clock=lambda: executor.clock,
        )
        assert [trial.state for trial in ledger.trials()].count("done") == 2


@pytest.mark.parametrize(
    ("waited", "beside", "affords"), [(60.0, False, True), (62.0, False, False), (60.0, True, False)]
)
def test_what_a_slow_leader_needs_is_set_aside(tmp_path: Path, waited: float, beside: bool, affords: bool) -> None:
    with open_ledger(tmp_path) as ledger:
        trials = ledger.add(unlike(Board(RUNGS), 4))
    board, clock = Board(RUNGS), [0.0]
    board.add(trials)
    spending = Spending(Limits(trials=9, seconds=100.0), board, 2, lambda: clock[0])
    for rung in (0, 1):  # the first has two seconds an epoch, and 18 epochs to go
        board.begin(RungJob(trial=1, rung=rung))
        score = Score(epochs=RUNGS[rung], val_top1=0.9, val_loss=1.0, seconds=2.0 * RUNGS[rung])
        board.reach(RungJob(trial=1, rung=rung), score, "paused")
    clock[0] = waited
    if beside:  # six seconds, for which the leader has to wait
        board.begin(RungJob(trial=3, rung=0))
        spending.begin(RungJob(trial=3, rung=0))
    assert spending.affords(RungJob(trial=2, rung=0)) is affords


@pytest.mark.parametrize(("epochs", "affords"), [(RUNGS[-1] - 1, False), (RUNGS[-1], True)])
def test_a_limit_of_epochs_may_be_spent_to_the_last(tmp_path: Path, epochs: int, affords: bool) -> None:
    with open_ledger(tmp_path) as ledger:
        trials = ledger.add(unlike(Board(RUNGS), 1))
    board = Board(RUNGS)
    board.add(trials)
    spending = Spending(Limits(trials=9, epochs=epochs), board, 1, lambda: 0.0)
    assert spending.affords(RungJob(trial=1, rung=0)) is affords


def test_limits_must_be_positive() -> None:
    for limits in ({"trials": 0}, {"trials": 1, "seconds": 0.0}, {"trials": 1, "epochs": -1}):
        with pytest.raises(FeatherboneError, match="a search needs more than 0"):
            Limits(**limits)
