"""The search itself: asynchronous successive halving with promotion, over whatever an executor's workers are.

A worker that is free takes, in this order, a trial that may be promoted, a design that nobody has tried, and a trial
that crashed; one whose worker died stands where it stood before. When no more designs come, or none can be paid for,
the best that are left climb to the end. Every decision follows from the ledger: with one worker, a run that was killed
ends as one that nothing stopped.

Source: Li et al. 2020, arXiv:1810.05934, algorithm 2; that no more than a third of a rung has gone on at any time is
the delay of Li et al. 2022, arXiv:2201.06834, section 4.2. A trial pauses at its rung and goes on from its checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict

from featherbone.errors import FeatherboneError
from featherbone.progress import Progress, TrialBegan, TrialFailed, TrialScored
from featherbone.search.board import Board, Job
from featherbone.search.executors import Executor, Outcome, Task
from featherbone.search.ledger import Entry, Ledger, Trial
from featherbone.search.limits import Limits, Purse

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
) -> Trial:
    """Spend the limits on trials, and return the best one at the highest rung that any reached.

    ``propose`` may return fewer designs than it is asked for; none means that there are no more. Where the search has
    ended before, its winner is returned at once.

    Raises:
        FeatherboneError: every trial failed, with the first one's error; or the machine failed, as on a full disk: the
            search may be resumed then.
    """
    ledger.recover()
    ledger.note("search", json.dumps({"rungs": ladder, "limits": asdict(limits), "workers": executor.workers}))
    board = Board.of(ledger, ladder)
    purse = Purse(limits, board, executor.workers)
    attempts: dict[int, int] = {}
    exhausted = any(trial.state == "stopped" for trial in board.trials.values())
    try:
        while True:
            while len(board.running) < executor.workers:
                if board.new() is None and board.promotion() is None and not exhausted:
                    exhausted = not _propose(ledger, board, limits, propose, executor.workers)
                job = _next(board, purse)
                if job is None:
                    break
                _start(ledger, board, job, executor, attempts, progress)
            if not board.running:
                break
            for message in executor.wait():
                if isinstance(message, Outcome):
                    _finish(ledger, board, message, attempts.pop(message.task.trial), progress)
                else:
                    progress(message)
    finally:
        executor.close()
    ledger.close_search()
    winner = board.leader()
    if winner is None:
        raise _hopeless(board)
    return winner


def _propose(ledger: Ledger, board: Board, limits: Limits, propose: Propose, workers: int) -> bool:
    """Ask for more designs; whether there were any."""
    number = min(max(GENERATION, workers), limits.trials - len(board.trials))
    entries = propose(board, number) if number > 0 else ()
    if not entries:
        return False
    board.add(ledger.add(entries))
    return True


def _next(board: Board, purse: Purse) -> Job | None:
    job = board.promotion() or board.new() or board.again()
    if job is not None and purse.affords(job):
        return job
    if board.running:
        return None  # what is still to come may change the order
    job = board.promotion(last=True)
    if job is not None and purse.affords(job):
        return job
    leader = board.leader()
    if leader is not None and leader.state == "paused" and leader.rung + 1 < len(board.ladder):
        return Job(trial=leader.id, rung=leader.rung + 1)
    return None


def _start(
    ledger: Ledger, board: Board, job: Job, executor: Executor, attempts: dict[int, int], progress: Progress
) -> None:
    design, epochs = board.trials[job.trial].design, board.ladder[job.rung]
    attempts[job.trial] = ledger.begin(job.trial, job.rung, "")
    board.begin(job)
    progress(TrialBegan(trial=job.trial, design=design, rung=job.rung, epochs=epochs))
    executor.submit(Task(trial=job.trial, design=design, rung=job.rung, epochs=epochs))


def _finish(ledger: Ledger, board: Board, outcome: Outcome, attempt: int, progress: Progress) -> None:
    """Write down how a task ended, in the ledger first."""
    task = outcome.task
    job = Job(trial=task.trial, rung=task.rung)
    if outcome.score is not None:
        state = "done" if task.rung == len(board.ladder) - 1 else "paused"
        ledger.reach(
            attempt, task.trial, task.rung, outcome.score, state=state, worker=outcome.worker, seconds=outcome.seconds
        )
        board.reach(job, outcome.score, state)
        progress(TrialScored(trial=task.trial, rung=task.rung, val_top1=outcome.score.val_top1))
        return
    if outcome.kind == "machine":
        raise FeatherboneError(
            f"trial {task.trial} was stopped by the machine: {outcome.error}",
            hint="when the cause is gone, the same command continues where it stopped",
        )
    if outcome.kind in ("lost", "interrupted"):
        state = board.lose(job, outcome.error, blamed=outcome.kind == "lost")
    else:
        state = board.fail(job, outcome.error)
    write = ledger.end if state == "failed" or outcome.kind == "crashed" else ledger.lose
    write(attempt, task.trial, outcome.kind, outcome.error, state=state, worker=outcome.worker, seconds=outcome.seconds)
    progress(TrialFailed(trial=task.trial, error=outcome.error, final=state == "failed"))


def _hopeless(board: Board) -> FeatherboneError:
    failed = next((trial for trial in board.trials.values() if trial.error), None)
    reason = f"{failed.design} failed with: {failed.error}" if failed else "no trial has a score"
    return FeatherboneError(
        f"no trial of the search could go on; {reason}",
        hint="when the cause is gone, remove the run's folder and start again",
    )
