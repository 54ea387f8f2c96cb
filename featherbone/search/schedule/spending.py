"""How much a search may spend, counted over all its restarts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from featherbone.errors import FeatherboneError
from featherbone.search.schedule.board import Board, RungJob


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


class Spending:
    """What is spent and what is left; what the leader needs to be trained to its end is set aside."""

    def __init__(self, limits: Limits, board: Board, workers: int, clock: Callable[[], float]) -> None:
        """``clock`` counts the seconds that a person waits; those before a restart are what the trials then took."""
        self._limits, self._board, self._clock = limits, board, clock
        self._start = clock() - board.seconds / workers
        self._began: dict[int, float] = {}  # of the trials that run

    def begin(self, job: RungJob) -> None:
        """A job was given to a worker just now."""
        self._began[job.trial] = self._clock()

    def affords(self, job: RungJob) -> bool:
        """Whether a job can be paid for, so that the leader can still be trained to its end after it."""
        board, limits = self._board, self._limits
        if limits.seconds is None and limits.epochs is None:
            return True
        jobs = [job, *board.running.values()]
        reserved = self._reserved(jobs)
        if limits.epochs is not None:
            epochs_due = sum(map(self._between, jobs)) + max((epochs for _, epochs in reserved), default=0)
            if board.epochs + epochs_due > limits.epochs:
                return False
        if limits.seconds is None or (speed := self._speed()) is None:  # the first trial is how to find out
            return True
        due = [self._between(each) * self._epoch_seconds(each.trial, speed) for each in jobs]
        after = max((epochs * self._epoch_seconds(number, speed) for number, epochs in reserved), default=0.0)
        # the leader, whoever is it then, goes on when all that runs has ended, on one worker
        now = self._clock()
        began = [now, *(self._began[number] for number in board.running)]
        left = [seconds - now + then for seconds, then in zip(due, began, strict=True)]
        waited = now - self._start
        own = (board.ladder[-1] - board.ladder[job.rung]) * self._epoch_seconds(job.trial, speed)
        if waited + due[0] + own > limits.seconds:
            return False  # what can't be trained to its end can't win
        return waited + max(left) + after <= limits.seconds

    def _reserved(self, jobs: Sequence[RungJob]) -> list[tuple[int, int]]:
        """Who may be the leader when the jobs have ended, and its epochs from there to the end."""
        leader, ladder = self._board.leader(), self._board.ladder
        rungs = {job.trial: job.rung for job in jobs}
        if leader is not None:
            rungs.setdefault(leader.id, leader.rung)
        highest = max(rungs.values()) if leader is None else leader.rung
        return [(number, ladder[-1] - ladder[rung]) for number, rung in rungs.items() if rung >= highest]

    def _between(self, job: RungJob) -> int:
        return self._board.ladder[job.rung] - self._board.trials[job.trial].epochs

    def _epoch_seconds(self, number: int, speed: float) -> float:
        """Seconds an epoch: the trial's own, or by its multiply-adds."""
        trial = self._board.trials[number]
        return trial.seconds / trial.epochs if trial.epochs else speed * trial.macs

    def _speed(self) -> float | None:
        """Seconds an epoch and multiply-add, the median over trials."""
        speeds = self._board.speeds
        return (speeds[(len(speeds) - 1) // 2] + speeds[len(speeds) // 2]) / 2 if speeds else None
