"""Several tasks at a time, each in a process of its own on this machine; a process that dies is replaced.

A worker that loses its parent ends at once, so that nobody goes on writing into a run that is resumed elsewhere.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from time import monotonic

from featherbone.progress import Event, Trained
from featherbone.search.executors.base import Message, Outcome, Task, Work, outcome_of

PATIENCE = 5.0  # seconds that a worker gets to stop by itself


@dataclass
class _Worker:
    name: str
    process: BaseProcess
    connection: Connection
    task: Task | None = None
    began: float = 0.0


class Processes:
    """An executor of so many workers, made by spawning: a worker shares nothing with this process but its tasks."""

    def __init__(self, work: Work, workers: int) -> None:
        self.workers = workers
        self._work = work
        self._context = get_context("spawn")
        self._crew: list[_Worker] = [self._hire(place) for place in range(workers)]

    def submit(self, task: Task) -> str:
        worker = next(worker for worker in self._crew if worker.task is None)
        worker.task, worker.began = task, monotonic()
        with suppress(BrokenPipeError, ConnectionResetError):  # it died while idle: `wait` finds out and replaces it
            worker.connection.send(task)
        return worker.name

    def wait(self) -> list[Message]:
        busy = {worker.connection: worker for worker in self._crew if worker.task is not None}
        messages: list[Message] = []
        for ready in wait(list(busy)):
            assert isinstance(ready, Connection)
            worker = busy[ready]
            try:
                while worker.task is not None and ready.poll():
                    message: Message = ready.recv()
                    if isinstance(message, Outcome):
                        worker.task = None
                    messages.append(message)
            except (EOFError, ConnectionResetError):
                messages.append(self._lost(worker))
        return messages

    def close(self) -> None:
        for worker in self._crew:
            worker.connection.close()
            worker.process.terminate()
        for worker in self._crew:
            worker.process.join(PATIENCE)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _hire(self, place: int) -> _Worker:
        ours, theirs = self._context.Pipe()
        name = f"process {place + 1}"
        process = self._context.Process(target=_serve, args=(theirs, self._work, name), daemon=True, name=name)
        process.start()
        theirs.close()
        return _Worker(name=name, process=process, connection=ours)

    def _lost(self, worker: _Worker) -> Outcome:
        """What became of a dead worker's task; somebody else takes its place."""
        worker.process.join(PATIENCE)
        task, code = worker.task, worker.process.exitcode
        assert task is not None
        worker.connection.close()
        self._crew[self._crew.index(worker)] = self._hire(self._crew.index(worker))
        error = f"its worker ended with exit code {code}"
        return Outcome(task=task, kind="lost", worker=worker.name, seconds=monotonic() - worker.began, error=error)


def _serve(connection: Connection, work: Work, name: str) -> None:
    """A worker's life: task after task, until its parent closes the connection or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def tell(event: Event) -> None:
        if not isinstance(event, Trained) or event.ends_epoch or event.note:  # steps are too many to travel
            connection.send(event)

    while True:
        try:
            task: Task = connection.recv()
            connection.send(outcome_of(task, work, tell, worker=name, clock=monotonic))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
