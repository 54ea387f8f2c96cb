"""The search: who is promoted, what it spends, and what happens when a trial, a worker or the machine fails."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from featherbone.errors import FeatherboneError
from featherbone.progress import Event, TrialFailed, TrialScored, silent
from featherbone.search import Costs, Entry, Ledger, Limits, Score, Trial, open_ledger, search
from featherbone.search.executors import InProcess, Message, Outcome, Task, Tell
from featherbone.search.schedule.board import Board

RUNGS = (9, 27)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as ledger:
        yield ledger


def designs(board: Board, number: int) -> Sequence[Entry]:
    """Endless designs, which cost the more multiply-adds the later they come."""
    first = len(board.trials) + 1
    return [
        Entry(design=f"design {place}", origin="random", costs=Costs(macs=100 + place, params=1, peak_memory=1, size=1))
        for place in range(first, first + number)
    ]


class Trainer:
    """Scores trials by a rule, and keeps what it was asked for; an epoch takes a second."""

    def __init__(self, rule: Callable[[int, int], float | None]) -> None:
        self.rule = rule
        self.calls: list[tuple[int, int]] = []

    def __call__(self, task: Task, tell: Tell) -> Score:
        self.calls.append((task.trial, task.epochs))
        top1 = self.rule(task.trial, task.epochs)
        loss = None if top1 is None else 1 - top1
        return Score(epochs=task.epochs, val_top1=top1, val_loss=loss, seconds=float(task.epochs))


def run(ledger: Ledger, work: Callable[[Task, Tell], Score], *, rungs: tuple[int, ...] = RUNGS, **limits: Any) -> Trial:
    progress, clock = limits.pop("progress", silent), limits.pop("clock", time.monotonic)
    return search(
        ledger,
        rungs,
        limits=Limits(**{"trials": 9, **limits}),
        propose=designs,
        executor=InProcess(work, silent),
        progress=progress,
        clock=clock,
    )


def table(ledger: Ledger) -> list[tuple[Any, ...]]:
    return [(t.id, t.design, t.state, t.rung, t.epochs, t.val_top1, t.error) for t in ledger.trials()]


def test_one_in_three_is_promoted_and_the_last_rung_decides(ledger: Ledger) -> None:
    train = Trainer(lambda trial, epochs: trial / 10 if epochs == 9 else 1 - trial / 10)
    assert run(ledger, train).id == 3
    # 3 is the best of the first three, 6 of the first six, 9 of all nine; none is trained twice
    thirds = [[*((trial, 9) for trial in (first, first + 1, first + 2)), (first + 2, 27)] for first in (1, 4, 7)]
    assert train.calls == [call for third in thirds for call in third]
    assert [trial.state for trial in ledger.trials()] == ["stopped", "stopped", "done"] * 3


def test_who_takes_the_lead_is_told_with_the_score(ledger: Ledger) -> None:
    events: list[Event] = []
    run(ledger, Trainer(lambda trial, epochs: {1: 0.5, 2: 0.4, 3: 0.6}[trial]), trials=3, progress=events.append)
    scored = [(each.trial, each.rung, each.leads) for each in events if isinstance(each, TrialScored)]
    assert scored == [(1, 0, True), (2, 0, False), (3, 0, True), (3, 1, True)]


def test_a_good_trial_that_came_early_is_promoted_when_the_rung_has_grown(ledger: Ledger) -> None:
    train = Trainer(lambda trial, epochs: (10 - trial) / 10)  # the best come first
    assert run(ledger, train).id == 1
    assert [call for call in train.calls if call[1] == 27] == [(1, 27), (2, 27), (3, 27)]


@pytest.mark.parametrize("stop_after", range(13))
def test_a_search_that_is_stopped_goes_on_and_ends_the_same(ledger: Ledger, tmp_path: Path, stop_after: int) -> None:
    class Killed(BaseException):
        pass

    def rule(trial: int, epochs: int) -> float:
        return (trial * 7 % 10) / 10

    killed = Trainer(rule)

    def mortal(task: Task, tell: Tell) -> Score:
        if len(killed.calls) == stop_after:
            raise Killed
        return killed(task, tell)

    try:
        run(ledger, mortal)
    except Killed:
        assert stop_after < 12
    winner = run(ledger, killed)
    with open_ledger(tmp_path / "whole") as other:
        whole = Trainer(rule)
        assert run(other, whole).id == winner.id == 7
        assert table(ledger) == table(other)
        assert killed.calls == whole.calls  # in the same order, and nothing twice


def test_a_finished_search_trains_nothing(ledger: Ledger) -> None:
    train = Trainer(lambda trial, epochs: trial / 10)
    winner = run(ledger, train)
    before, calls = table(ledger), len(train.calls)
    assert run(ledger, train).id == winner.id
    assert (table(ledger), len(train.calls)) == (before, calls)


def test_a_trial_that_always_crashes_is_left_alone_after_three_attempts(ledger: Ledger) -> None:
    def rule(trial: int, epochs: int) -> float:
        if trial == 2 or (trial == 9 and epochs == 27):
            raise ValueError(f"trial {trial}")
        return trial / 10

    train, told = Trainer(rule), []

    def watch(event: Event) -> None:
        told.append((event.trial, event.final)) if isinstance(event, TrialFailed) else None

    assert run(ledger, train, progress=watch).id == 7  # nobody is promoted in place of 9
    assert told == [(trial, final) for trial in (2, 9) for final in (False, False, True)]
    assert train.calls.count((2, 9)) == train.calls.count((9, 27)) == 3
    assert [(t.id, t.error) for t in ledger.trials() if t.state == "failed"] == [
        (2, "ValueError: trial 2"),
        (9, "ValueError: trial 9"),
    ]


def test_a_crash_that_does_not_come_again_changes_no_score(ledger: Ledger) -> None:
    crashed: list[Any] = []

    def rule(trial: int, epochs: int) -> float:
        if trial == 2 and not crashed:
            crashed.append(trial)
            raise ValueError("a cosmic ray")
        return 0.9 if trial == 2 else trial / 10 / epochs

    assert run(ledger, Trainer(rule)).id == 2
    assert ledger.failures() == {2: 1}
    assert all(trial.error is None for trial in ledger.trials())


def test_equal_scores_go_to_the_cheaper_and_nan_is_never_promoted(ledger: Ledger) -> None:
    train = Trainer(lambda trial, epochs: None if trial < 8 else 0.5)
    assert run(ledger, train).id == 8
    assert [call for call in train.calls if call[1] == 27] == [(8, 27), (9, 27)]


def test_a_full_disk_ends_the_run_not_the_trial(ledger: Ledger) -> None:
    def rule(trial: int, epochs: int) -> float:
        try:
            raise OSError(errno.ENOSPC, "no space")
        except OSError as error:
            raise FeatherboneError("the checkpoint could not be saved") from error

    with pytest.raises(FeatherboneError, match="stopped by the machine: the checkpoint could not"):
        run(ledger, Trainer(rule))
    assert all(trial.state != "failed" for trial in ledger.trials())
    assert run(ledger, Trainer(lambda trial, epochs: trial / 10)).id == 9


class Flock:
    """Workers whose tasks all end at the same moment; ``kinds`` says how those of some trials do."""

    workers = 5

    def __init__(self, kinds: dict[int, str]) -> None:
        self.kinds = kinds
        self.tasks: list[Task] = []

    def submit(self, task: Task) -> str:
        self.tasks.append(task)
        return f"bird {task.trial}"

    def wait(self) -> list[Message]:
        tasks, self.tasks = self.tasks, []
        return [self.outcome(task, self.kinds.get(task.trial, "scored")) for task in tasks]

    def outcome(self, task: Task, kind: str) -> Outcome:
        score = Score(epochs=task.epochs, val_top1=task.trial / 10, val_loss=1.0, seconds=1.0)
        found = score if kind == "scored" else None
        return Outcome(task=task, kind=kind, worker="bird", seconds=1.0, score=found, error="" if found else kind)

    def close(self) -> None: ...


def flown(ledger: Ledger, kinds: dict[int, str]) -> Trial:
    limits = Limits(trials=9)
    return search(ledger, RUNGS, limits=limits, propose=designs, executor=Flock(kinds), progress=silent)


def test_what_arrives_together_is_one_change_with_what_begins_instead(ledger: Ledger) -> None:
    sql: list[str] = []
    ledger._connection.set_trace_callback(sql.append)
    flown(ledger, {})
    ledger._connection.set_trace_callback(None)
    once = [line for line, before in zip(sql, ["", *sql[:-1]], strict=True) if line != before]  # triggers repeat it
    changes = "\n".join(once).split("BEGIN IMMEDIATE")[1:]
    told = [(change.count("INSERT INTO rung"), change.count("INSERT INTO attempt")) for change in changes]
    assert sum(scores for scores, _ in told) == sum(begun for _, begun in told) == 12
    assert (5, 1) in told  # one of five goes on; the others wait for designs, which are proposed between two changes
    assert [scores for scores, _ in told if scores] == [5, 5, 2]


def test_what_arrives_beside_a_failure_of_the_machine_is_kept(ledger: Ledger) -> None:
    with pytest.raises(FeatherboneError, match="trial 2 was stopped by the machine"):
        flown(ledger, {2: "machine"})
    assert {entry.trial for entry in ledger.reached()} == {1, 3, 4, 5}
    assert flown(ledger, {}).id == 9
    assert [trial.state for trial in ledger.trials()].count("done") == 3


def test_where_every_trial_fails_the_first_error_is_told(ledger: Ledger) -> None:
    def rule(trial: int, epochs: int) -> float:
        raise RuntimeError(f"broken {trial}")

    with pytest.raises(FeatherboneError, match=r"design 1 failed with: RuntimeError: broken 1"):
        run(ledger, Trainer(rule))


def test_where_no_trial_has_a_score_that_is_told(ledger: Ledger) -> None:
    with pytest.raises(FeatherboneError, match="no trial has a score"):
        run(ledger, Trainer(lambda trial, epochs: None))


@pytest.mark.parametrize("epochs", [30, 60, 100, 200])
def test_a_limit_of_epochs_is_kept_and_the_leader_reaches_the_end(ledger: Ledger, epochs: int) -> None:
    train = Trainer(lambda trial, epochs: (trial * 7 % 10) / 10)
    winner = run(ledger, train, trials=10**6, epochs=epochs, rungs=(3, 9, 27))
    spent = sum(trial.epochs for trial in ledger.trials())
    assert winner.epochs == 27
    assert spent <= epochs
    assert epochs - spent < 27 + 9  # what is left pays for no other climb


def test_seconds_are_counted_over_restarts_and_workers(ledger: Ledger) -> None:
    class Killed(BaseException):
        pass

    train = Trainer(lambda trial, epochs: (trial * 7 % 10) / 10)
    trained: dict[int, int] = {}

    def mortal(task: Task, tell: Tell) -> Score:
        if len(train.calls) % 4 == 3 and not killed.pop():
            raise Killed
        trained[task.trial] = task.epochs
        return train(task, tell)

    def clock() -> float:
        return 1000.0 + sum(trained.values())

    killed: list[bool] = [True, True, False, True, False, True, False] * 20
    for _ in range(60):
        try:
            winner = run(ledger, mortal, trials=10**6, seconds=100.0, rungs=(3, 9, 27), clock=clock)
            break
        except Killed:
            continue
    assert winner.epochs == 27
    assert ledger.seconds() <= 100.0
    assert ledger.seconds() == sum(trial.epochs for trial in ledger.trials())
