"""How much a search may spend, counted over all its restarts."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.errors import FeatherboneError
from featherbone.search.board import Board, Job


@dataclass(frozen=True, kw_only=True)
class Limits:
    """At most so many designs, and where set, so many seconds or epochs of training in all.

    >>> Limits(trials=12)
    Limits(trials=12, seconds=None, epochs=None)

    ``seconds`` are those that a person waits: with w workers at once, w seconds of training pass in each.
    """

    trials: int
    seconds: float | None = None
    epochs: int | None = None

    def __post_init__(self) -> None:
        for name, value in (("trials", self.trials), ("seconds", self.seconds), ("epochs", self.epochs)):
            if value is not None and not value > 0:
                raise FeatherboneError(f"{name} is {value}; a search needs more than 0")


class Purse:
    """What is spent and what is left; what the leader needs to be trained to its end is set aside."""

    def __init__(self, limits: Limits, board: Board, workers: int) -> None:
        self._limits, self._board = limits, board
        self._seconds = None if limits.seconds is None else limits.seconds * workers

    def affords(self, job: Job) -> bool:
        """Whether a job can be paid for, so that the leader can still be trained to its end after it."""
        board, limits = self._board, self._limits
        if self._seconds is None and limits.epochs is None:
            return True
        jobs = [job, *board.running.values()]
        due = [(each.trial, self._between(each)) for each in jobs] + self._reserved(jobs)
        epochs_then = board.epochs + sum(epochs for _, epochs in due)
        if limits.epochs is not None and epochs_then > limits.epochs:
            return False
        if self._seconds is None or (speed := self._speed()) is None:  # the first trial is how to find out
            return True
        seconds = sum(epochs * self._pace(number, speed) for number, epochs in due)
        return board.seconds + seconds <= self._seconds

    def _reserved(self, jobs: list[Job]) -> list[tuple[int, int]]:
        """The leader's number and the epochs to its end, unless the first of the jobs is its own."""
        leader, ladder = self._board.leader(), self._board.ladder
        if leader is None or leader.id == jobs[0].trial:
            return []
        there = max([leader.epochs, *(ladder[job.rung] for job in jobs if job.trial == leader.id)])
        return [(leader.id, ladder[-1] - there)]

    def _between(self, job: Job) -> int:
        return self._board.ladder[job.rung] - self._board.trials[job.trial].epochs

    def _pace(self, number: int, speed: float) -> float:
        """Seconds an epoch: the trial's own, or by its multiply-adds."""
        trial = self._board.trials[number]
        return trial.seconds / trial.epochs if trial.epochs else speed * trial.macs

    def _speed(self) -> float | None:
        """Seconds an epoch and multiply-add, the median over trials."""
        paces = self._board.paces
        return (paces[(len(paces) - 1) // 2] + paces[len(paces) // 2]) / 2 if paces else None
