"""The search itself: asynchronous successive halving with promotion, over whatever an executor's workers are.

A worker that is free takes, in this order, a trial that may be promoted, a design that nobody has tried, and a trial
that crashed; one whose worker died stands where it stood before. When no more designs come, or none can be paid for,
the best that are left climb to the end, side by side. Every decision follows from the ledger: with one worker, a run
that was killed ends as one that nothing stopped. All that has arrived when the driver wakes is one transaction of the
ledger, together with what begins instead: a write to the disk costs as much as hundreds of decisions.

Source: Li et al. 2020, arXiv:1810.05934, algorithm 2; that no more than a third of a rung has gone on at any time is
the delay of Li et al. 2022, arXiv:2201.06834, section 4.2. A trial pauses at its rung and goes on from its checkpoint.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from featherbone.errors import FeatherboneError
from featherbone.progress import Event, Progress, TrialBegan, TrialFailed, TrialScored
from featherbone.search.executors import Executor, Message, Outcome, Placed, Task
from featherbone.search.record.ledger import Entry, Ledger
from featherbone.search.record.rows import Trial
from featherbone.search.schedule.board import Board, RungJob
from featherbone.search.schedule.spending import Limits, Spending

GENERATION = 4  # designs proposed at a time: each next one knows more, and choosing costs time

Propose = Callable[[Board, int], Sequence[Entry]]  # so many new designs at most, from what is known


def search(
    ledger: Ledger,
    ladder: tuple[int, ...],
    *,
    limits: Limits,
    propose: Propose,
    executor: Executor,
    progress: Progress,
    clock: Callable[[], float] = time.monotonic,
) -> Trial:
    """Spend the limits on trials, and return the best one at the highest rung that any reached.

        with open_ledger(folder) as ledger:
            best = search(ledger, (1, 3, 9), limits=limits, propose=propose, executor=executor, progress=silent)

    ``propose`` may return fewer designs than it is asked for; none means that there are no more. Where the search has
    ended before, its winner is returned at once. A limit of seconds is of those that ``clock`` counts from now on,
    and of those that the trials took before.

    Raises:
        FeatherboneError: every trial failed, with the first one's error; or the machine failed, as on a full disk: the
            search may be resumed then.
    """
    ledger.recover()
    ledger.note("search", {"rungs": ladder, "limits": asdict(limits), "workers": executor.workers})
    board = Board.of(ledger, ladder)
    driver = _Driver(ledger, board, Spending(limits, board, executor.workers, clock), limits, propose, executor)
    try:
        messages: Sequence[Message] = ()
        while True:
            for event in driver.turn(messages):
                progress(event)
            if not driver.board.running:
                break
            messages = executor.wait()
    finally:
        executor.close()
    ledger.close_search()
    winner = driver.board.leader()
    if winner is None:
        raise _hopeless(driver.board)
    return winner


class _Driver:
    """Where a search's decisions are taken and written down."""

    def __init__(
        self, ledger: Ledger, board: Board, spending: Spending, limits: Limits, propose: Propose, executor: Executor
    ) -> None:
        self.board, self._spending = board, spending
        self._ledger, self._limits, self._propose, self._executor = ledger, limits, propose, executor
        self._attempts: dict[int, int] = {}
        self._exhausted = any(trial.state == "stopped" for trial in board.trials.values())

    def turn(self, messages: Sequence[Message]) -> Iterator[Event]:
        """Write down what has arrived and give the free workers something to do; what is to be told of it.

        Raises:
            FeatherboneError: the machine failed; what else arrived is written down.
        """
        broken: Outcome | None = None
        events: list[Event] = []
        with self._ledger.change():
            for message in messages:
                if isinstance(message, Placed):
                    self._ledger.place(self._attempts[message.task.trial], message.worker)
                elif not isinstance(message, Outcome):
                    events.append(message)
                elif message.kind == "machine":
                    broken = message
                else:
                    events.append(self._finish(message))
            if broken is None:
                events += self._fill()
        yield from events
        if broken is not None:
            raise FeatherboneError(
                f"trial {broken.task.trial} was stopped by the machine: {broken.error}",
                hint="when the cause is gone, the same command continues where it stopped",
            )
        while self._wants_designs():
            entries = self._more()  # may take long: nothing waits for it to be written
            with self._ledger.change():
                self.board.add(self._ledger.add(entries))
                events = self._fill()
            yield from events

    def _more(self) -> Sequence[Entry]:
        """More designs, unless there are no more."""
        number = min(max(GENERATION, self._executor.workers), self._limits.trials - len(self.board.trials))
        entries = self._propose(self.board, number) if number > 0 else ()
        self._exhausted = not entries
        return entries

    def _wants_designs(self) -> bool:
        if self._exhausted or len(self.board.running) == self._executor.workers:
            return False
        return self.board.new() is None and self.board.promotion() is None

    def _fill(self) -> list[Event]:
        """Begin jobs until no worker is free, none can be begun, or a new design is needed for the next."""
        events: list[Event] = []
        while len(self.board.running) < self._executor.workers and not self._wants_designs():
            job = self._next()
            if job is None:
                break
            events.append(self._start(job))
        return events

    def _next(self) -> RungJob | None:
        board, spending = self.board, self._spending
        job = board.promotion() or board.new() or board.again()
        if job is not None and spending.affords(job):
            return job
        if any(running.rung + 1 < len(board.ladder) for running in board.running.values()):
            return None  # what is still to come may change the order
        job = board.promotion(last=True)
        if job is not None and spending.affords(job):
            return job
        leader = board.leader()
        if leader is not None and leader.state == "paused" and leader.rung + 1 < len(board.ladder):
            return RungJob(trial=leader.id, rung=leader.rung + 1)
        return None

    def _start(self, job: RungJob) -> Event:
        design, epochs = self.board.trials[job.trial].design, self.board.ladder[job.rung]
        after = self.board.last.get(job.trial)
        worker = self._executor.submit(Task(trial=job.trial, design=design, rung=job.rung, epochs=epochs, after=after))
        self._attempts[job.trial] = self._ledger.begin(job.trial, job.rung, worker)
        self.board.begin(job)
        self._spending.begin(job)
        return TrialBegan(trial=job.trial, design=design, rung=job.rung, epochs=epochs)

    def _finish(self, outcome: Outcome) -> Event:
        """Write down how a task ended, in the ledger first."""
        task, board = outcome.task, self.board
        attempt, job = self._attempts.pop(task.trial), RungJob(trial=task.trial, rung=task.rung)
        worker, seconds = outcome.worker, outcome.seconds
        if outcome.score is not None:
            state = "done" if task.rung == len(board.ladder) - 1 else "paused"
            self._ledger.reach(
                attempt, task.trial, task.rung, outcome.score, worker=worker, seconds=seconds, state=state
            )
            board.reach(job, outcome.score, state)
            leader = board.leader()
            leads = leader is not None and leader.id == task.trial
            return TrialScored(trial=task.trial, rung=task.rung, val_top1=outcome.score.val_top1, leads=leads)
        if outcome.kind in ("lost", "interrupted"):
            state = board.lose(job, outcome.error, blamed=outcome.kind == "lost")
        else:
            state = board.fail(job, outcome.error)
        write = self._ledger.end if state == "failed" or outcome.kind == "crashed" else self._ledger.lose
        write(attempt, task.trial, outcome.kind, outcome.error, worker=worker, seconds=seconds, state=state)
        return TrialFailed(trial=task.trial, kind=outcome.kind, error=outcome.error, final=state == "failed")


def _hopeless(board: Board) -> FeatherboneError:
    failed = next((trial for trial in board.trials.values() if trial.error), None)
    reason = f"{failed.design} failed with: {failed.error}" if failed else "no trial has a score"
    return FeatherboneError(
        f"no trial of the search could go on; {reason}",
        hint="when the cause is gone, remove the run's folder and start again",
    )
