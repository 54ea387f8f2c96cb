"""What an executor is: it takes tasks, trains them somewhere, and hands back how each ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from featherbone.errors import FeatherboneError
from featherbone.progress import Event
from featherbone.search.record.rows import Score


@dataclass(frozen=True, kw_only=True)
class Task:
    """Train a trial up to so many epochs, from its checkpoint on; plain values, so that it can travel.

    ``after`` is what it scored at the rung before, from whose checkpoint it goes on.
    """

    trial: int
    design: str
    rung: int
    epochs: int
    after: Score | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a task ended.

    ``kind`` is ``scored``; ``crashed``, with the error; ``lost``, where the worker died with it; ``interrupted``, where
    the worker's node did, which is no fault of the trial's; or ``machine``, where the machine and not the design is the
    cause, such as a full disk: then the search ends.
    """

    task: Task
    kind: str
    worker: str
    seconds: float
    score: Score | None = None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A task has found its worker, where that was not known when it was submitted."""

    task: Task
    worker: str


class CheckpointMissing(FeatherboneError):
    """The checkpoint that a trial reached its last rung with is not where the trial should go on."""


Message = Event | Placed | Outcome
Tell = Callable[[Event], None]
Work = Callable[[Task, Tell], Score]  # trains; must be picklable for workers in other processes


class Executor(Protocol):
    """At most ``workers`` tasks are with it at a time; `close` ends them at once, which loses no finished epoch."""

    workers: int

    def submit(self, task: Task) -> str:
        """Take a task; the name of the worker as far as it is known."""
        ...

    def wait(self) -> Sequence[Message]:
        """Block until something happens: events of running tasks, and outcomes; all that are there, in their order."""
        ...

    def close(self) -> None: ...


def outcome_of(task: Task, work: Work, tell: Tell, *, worker: str, clock: Callable[[], float]) -> Outcome:
    """Do the work; whatever an exception says becomes an outcome."""
    began = clock()
    details: dict[str, Any]
    try:
        details = {"kind": "scored", "score": work(task, tell)}
    except Exception as error:  # whatever a design's training can raise: it is that design's end, not the search's
        details = {
            "kind": "machine" if of_the_machine(error) else "crashed",
            "error": str(error) if isinstance(error, FeatherboneError) else f"{type(error).__name__}: {error}",
        }
    return Outcome(task=task, worker=worker, seconds=clock() - began, **details)


def of_the_machine(error: BaseException | None) -> bool:
    """Whether the machine is the cause, such as a full disk, and not the design: then all trials would fail."""
    while error is not None:
        if isinstance(error, OSError | MemoryError | CheckpointMissing):
            return True
        error = error.__cause__
    return False
