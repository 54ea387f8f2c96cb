"""The board that a search keeps in memory is the one that its ledger gives, whatever happened to its trials."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from featherbone.search import Costs, Entry, Ledger, Score, open_ledger
from featherbone.search.schedule.board import ATTEMPTS, Board, RungJob

LADDER = (2, 6, 18)


def entries(first: int, number: int) -> list[Entry]:
    costs = [Costs(macs=1000 + 7 * n % 5, params=1, peak_memory=1, size=1) for n in range(first, first + number)]
    return [Entry(design=f"design {n}", origin="random", costs=each) for n, each in enumerate(costs, start=first)]


def decisions(board: Board) -> dict[str, Any]:
    """All that a search asks of a board."""
    return {
        "trials": [replace(trial, checksum=None) for trial in board.trials.values()],
        "last": board.last,
        "failures": board.failures,
        "next": (board.promotion(), board.promotion(last=True), board.new(), board.again()),
        "ranked": [trial.id for trial in board.ranked()],
        "spent": (board.epochs, board.seconds),
        "speeds": board.speeds,
        "scores": sorted((entry.trial, entry.rung) for entry in board.scores),
    }


class Trials:
    """A board and its ledger, to which the same happens."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.board = ledger, Board(LADDER)
        self.attempts: dict[int, int] = {}

    def add(self, number: int) -> None:
        self.board.add(self.ledger.add(entries(len(self.board.trials) + 1, number)))

    def next(self) -> RungJob | None:
        return self.board.promotion() or self.board.new() or self.board.again()

    def begin(self, job: RungJob) -> None:
        self.attempts[job.trial] = self.ledger.begin(job.trial, job.rung, "worker")
        self.board.begin(job)

    def end(self, trial: int, outcome: str, score: Score | None = None) -> None:
        job, attempt = self.board.running[trial], self.attempts.pop(trial)
        if score is not None:
            state = "done" if job.rung == len(LADDER) - 1 else "paused"
            self.ledger.reach(attempt, trial, job.rung, score, worker="worker", seconds=1.0, state=state)
            self.board.reach(job, score, state)
            return
        if outcome == "crashed":
            state = self.board.fail(job, "an error")
        else:
            state = self.board.lose(job, "an error", blamed=outcome == "lost")
        write = self.ledger.end if state == "failed" or outcome == "crashed" else self.ledger.lose
        write(attempt, trial, outcome, "an error", worker="worker", seconds=1.0, state=state)


@pytest.fixture
def trials(tmp_path: Path) -> Any:
    with open_ledger(tmp_path) as ledger:
        yield Trials(ledger)


def scored(rung: int, top1: float | None) -> Score:
    epochs = LADDER[rung]
    return Score(epochs=epochs, val_top1=top1, val_loss=None if top1 is None else 1 - top1, seconds=2.0 * epochs)


@pytest.mark.parametrize("seed", range(12))
def test_the_board_in_memory_is_that_of_the_ledger(trials: Trials, seed: int) -> None:
    chance = random.Random(seed)
    compared = 0
    for _ in range(120):
        job = trials.next()
        if len(trials.board.running) < 3 and chance.random() < 0.6:
            if job is None:
                trials.add(chance.randint(1, 4))
            else:
                trials.begin(job)
        elif trials.board.running:
            trial = chance.choice(list(trials.board.running))
            outcome = chance.choices(["scored", "crashed", "lost", "interrupted"], [6, 1, 1, 1])[0]
            top1 = None if chance.random() < 0.1 else round(chance.random(), 1)
            score = scored(trials.board.running[trial].rung, top1) if outcome == "scored" else None
            trials.end(trial, outcome, score)
        if not trials.board.running:
            compared += 1
            assert decisions(trials.board) == decisions(Board.of(trials.ledger, LADDER))
    assert compared > 3


def test_what_a_worker_took_with_it_is_given_again_and_counts_as_not_gone_on(trials: Trials) -> None:
    trials.add(3)
    for number, top1 in ((1, 0.3), (2, 0.9), (3, 0.5)):
        trials.begin(RungJob(trial=number, rung=0))
        trials.end(number, "scored", scored(0, top1))
    job = RungJob(trial=2, rung=1)
    for _ in range(2 * ATTEMPTS):
        assert trials.board.promotion() == job
        trials.begin(job)
        assert trials.board.promotion() is None, "one in three goes on"
        trials.end(2, "interrupted")
    for left in reversed(range(ATTEMPTS)):
        trials.begin(job)
        trials.end(2, "lost")
        assert (trials.board.trials[2].state == "failed") is (left == 0)
