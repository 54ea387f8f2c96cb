"""All trials of a search in memory, in the order in which a scheduler asks for them; the ledger is its source.

A step costs O(log n) beside one insertion into a sorted list, so that 100,000 trials are no burden.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from typing import TypeVar

from featherbone.search.record.ledger import Ledger
from featherbone.search.record.ranking import Rank, rank_of
from featherbone.search.record.rows import Reached, Score, Trial
from featherbone.search.schedule.ladder import KEEP

Item = TypeVar("Item", Rank, tuple[int, int])
ATTEMPTS = 3  # a trial that crashed so often, or took its worker with it, is left alone


@dataclass(frozen=True, kw_only=True)
class RungJob:
    """Bring a trial to a rung."""

    trial: int
    rung: int


@dataclass(kw_only=True)
class Standing:
    """Who reached a rung, the best first, and who of them has not gone on."""

    ranks: list[Rank] = field(default_factory=list)
    here: list[Rank] = field(default_factory=list)  # a heap
    gone: int = 0

    def add(self, rank: Rank, *, stays: bool) -> None:
        insort(self.ranks, rank)
        if stays:
            heappush(self.here, rank)

    def best(self, allowed: int) -> Rank | None:
        """The best that has not gone on, where it is among the ``allowed`` best, has a score, and fewer went on."""
        if not self.here or not self.here[0].leads or self.gone >= allowed:
            return None
        return self.here[0] if bisect_left(self.ranks, self.here[0]) < allowed else None


class Board:
    """The state of a search; every change is told to it after it has been written to the ledger."""

    def __init__(self, ladder: tuple[int, ...]) -> None:
        self.ladder = ladder
        self.trials: dict[int, Trial] = {}
        self.scores: list[Reached] = []
        self.last: dict[int, Score] = {}  # of each trial, at the last rung that it reached
        self.running: dict[int, RungJob] = {}
        self.failures: dict[int, int] = {}
        self.epochs, self.seconds = 0, 0.0  # spent, by all trials together
        self.speeds: list[float] = []  # seconds an epoch and multiply-add of each trial that has some, sorted
        self._standings = [Standing() for _ in ladder]
        self._new: deque[int] = deque()
        self._again: list[tuple[int, int]] = []  # (failures, trial): those that crashed and may try again, a heap

    @staticmethod
    def of(ledger: Ledger, ladder: tuple[int, ...]) -> Board:
        """The board of a ledger in which nothing is running."""
        board = Board(ladder)
        board.failures = ledger.failures()
        reached = ledger.reached()
        for trial in ledger.trials():
            board.trials[trial.id] = trial
            board.epochs += trial.epochs
            board.seconds += trial.seconds
            if trial.state == "waiting" and trial.error is None:
                board._new.append(trial.id)
            elif trial.state in ("waiting", "paused") and trial.error is not None:  # its last attempt crashed
                heappush(board._again, (board.failures.get(trial.id, 0), trial.id))
        again = {number for _, number in board._again}
        for entry in reached:
            trial = board.trials[entry.trial]
            stays = trial.rung == entry.rung and trial.state == "paused" and trial.id not in again
            went_on = trial.rung > entry.rung or (trial.error is not None and trial.rung == entry.rung)
            standing, rank = board._standings[entry.rung], _rank(trial, entry.rung, entry.score)
            standing.ranks.append(rank)
            standing.gone += went_on and not stays
            if stays:
                standing.here.append(rank)
            board.scores.append(entry)
            board.last[entry.trial] = entry.score
        for standing in board._standings:  # once, as so many single insertions would take long
            standing.ranks.sort()
            heapify(standing.here)
        board.speeds = sorted(speed for trial in board.trials.values() if (speed := _speed(trial)) is not None)
        return board

    def add(self, trials: tuple[Trial, ...]) -> None:
        for trial in trials:
            self.trials[trial.id] = trial
            self._new.append(trial.id)

    def begin(self, job: RungJob) -> None:
        """A job leaves the board for a worker."""
        trial = self.trials[job.trial]
        self.running[job.trial] = job
        self.trials[job.trial] = replace(trial, state="running")
        crashed = (self.failures.get(job.trial, 0), job.trial)
        if crashed in self._again:
            _take(self._again, crashed)
        elif job.rung == 0:
            self._new.remove(job.trial)  # the first, as a rule
        else:
            standing = self._standings[job.rung - 1]
            _take(standing.here, next(rank for rank in standing.here if rank.trial == job.trial))
            standing.gone += 1

    def reach(self, job: RungJob, score: Score, state: str) -> None:
        trial = self.trials[job.trial]
        del self.running[job.trial]
        self.trials[job.trial] = replace(
            trial,
            state=state,
            rung=job.rung,
            epochs=score.epochs,
            val_top1=score.val_top1,
            val_loss=score.val_loss,
            seconds=score.seconds,
            error=None,
        )
        self._spend(trial, self.trials[job.trial])
        self._standings[job.rung].add(_rank(trial, job.rung, score), stays=state == "paused")
        self.scores.append(Reached(trial=job.trial, rung=job.rung, score=score))
        self.last[job.trial] = score

    def _spend(self, before: Trial, now: Trial) -> None:
        """Count what a trial has spent more than before."""
        self.epochs += now.epochs - before.epochs
        self.seconds += now.seconds - before.seconds
        if (speed := _speed(before)) is not None:
            del self.speeds[bisect_left(self.speeds, speed)]
        if (speed := _speed(now)) is not None:
            insort(self.speeds, speed)

    def fail(self, job: RungJob, error: str) -> str:
        """A job crashed: the state of its trial now, which is ``failed`` after three times."""
        del self.running[job.trial]
        failures = self.failures.get(job.trial, 0) + 1
        self.failures[job.trial] = failures
        state = "failed" if failures >= ATTEMPTS else "waiting" if job.rung == 0 else "paused"
        self.trials[job.trial] = replace(self.trials[job.trial], state=state, error=error)
        if state != "failed":
            heappush(self._again, (failures, job.trial))
        return state

    def lose(self, job: RungJob, error: str, *, blamed: bool) -> str:
        """A job went with its worker: the state of its trial now, which stands where it stood before it began.

        So whoever asks next is given the same job, and a death changes no decision. Where the trial may be to blame,
        the third such end is its last.
        """
        failures = self.failures.get(job.trial, 0) + 1
        if blamed and failures >= ATTEMPTS:
            return self.fail(job, error)
        del self.running[job.trial]
        trial = self.trials[job.trial]
        state = "waiting" if trial.rung < 0 else "paused"
        self.trials[job.trial] = replace(trial, state=state)
        if blamed:
            self.failures[job.trial] = failures
        if trial.error is not None:  # it had crashed before
            heappush(self._again, (self.failures.get(job.trial, 0), job.trial))
        elif job.rung == 0:
            insort(self._new, job.trial)
        else:
            standing, score = (
                self._standings[job.rung - 1],
                Score(epochs=trial.epochs, val_top1=trial.val_top1, val_loss=trial.val_loss, seconds=trial.seconds),
            )
            heappush(standing.here, _rank(trial, job.rung - 1, score))
            standing.gone -= 1
        return state

    def promotion(self, *, last: bool = False) -> RungJob | None:
        """The best trial that may go on, the highest rung first: of n at a rung n/3 may, each among the best n/3.

        With ``last``, when no more trials will come, n/3 is rounded up and the lowest rung is first: so that somebody
        reaches the top.
        """
        rungs = range(len(self.ladder) - 1)
        for rung in rungs if last else reversed(rungs):
            standing = self._standings[rung]
            number = len(standing.ranks)
            best = standing.best(math.ceil(number / KEEP) if last else number // KEEP)
            if best is not None:
                return RungJob(trial=best.trial, rung=rung + 1)
        return None

    def new(self) -> RungJob | None:
        """The first trial that nobody has begun."""
        return RungJob(trial=self._new[0], rung=0) if self._new else None

    def again(self) -> RungJob | None:
        """The trial to be tried again after a crash that has crashed least often."""
        return RungJob(trial=self._again[0][1], rung=self.trials[self._again[0][1]].rung + 1) if self._again else None

    def rank(self, number: int) -> Rank:
        """The rank of a trial by its last score."""
        return rank_of(self.trials[number])

    def leader(self) -> Trial | None:
        """The trial that ranks first."""
        return next(self.ranked(), None)

    def ranked(self) -> Iterator[Trial]:
        """The trials that may win, the best first."""
        for rung, standing in reversed(list(enumerate(self._standings))):
            for rank in standing.ranks:
                trial = self.trials[rank.trial]
                if rank.leads and trial.rung == rung and trial.state != "failed":
                    yield trial


def _rank(trial: Trial, rung: int, score: Score) -> Rank:
    """Among those that reached a rung."""
    return Rank.of(trial=trial.id, macs=trial.macs, rung=rung, top1=score.val_top1, loss=score.val_loss)


def _speed(trial: Trial) -> float | None:
    return trial.seconds / trial.epochs / trial.macs if trial.epochs and trial.macs else None


def _take(heap: list[Item], item: Item) -> None:
    """Remove an item from a heap, which is at its top as a rule."""
    if heap[0] == item:
        heappop(heap)
    else:
        heap.remove(item)
        heapify(heap)
