"""Tasks on a Ray cluster, each in a process on whatever node has a core free for it.

Which trial goes on, what it may cost and what it has reached stay with the driver and its ledger: Ray only runs tasks,
and retries none. A task streams its events, then its outcome. One that went with its node is `interrupted`: its trial
goes on from the last checkpoint on another node, so checkpoints must lie where every node finds them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from queue import SimpleQueue
from time import monotonic
from typing import Any

from featherbone.progress import Event, Trained
from featherbone.search.executors.base import Message, Outcome, Placed, Task, Work, outcome_of
from featherbone.search.executors.ray_cluster import first_sentence, here, import_ray, share_of_a_task


@dataclass
class _Running:
    task: Task
    worker: str
    began: float


class OnRay:
    """An executor of so many tasks at a time, each with cores for so many threads; for use within `connected`.

    Nodes that join later are used, up to ``workers`` tasks in all.
    """

    def __init__(self, work: Work, *, workers: int, threads: int = 1) -> None:
        self._ray = import_ray()
        self.workers = workers
        self._task = self._ray.remote(max_retries=0, num_returns="streaming", **share_of_a_task(threads))(_serve)
        self._work = work
        self._streams: dict[Any, _Running] = {}

    def submit(self, task: Task) -> str:
        stream = self._task.remote(self._work, task, version("featherbone"))
        self._streams[stream] = _Running(task, worker="Ray", began=monotonic())
        return "Ray"

    def wait(self) -> list[Message]:
        messages: list[Message] = []
        ready, _ = self._ray.wait(list(self._streams), num_returns=1)
        while ready:
            for stream in ready:
                message = self._next(stream)
                if isinstance(message, Placed):
                    self._streams[stream].worker, self._streams[stream].began = message.worker, monotonic()
                elif isinstance(message, Outcome):
                    del self._streams[stream]
                messages.append(message)
            streams = list(self._streams)
            ready = self._ray.wait(streams, num_returns=len(streams), timeout=0)[0] if streams else []
        return messages

    def close(self) -> None:
        for stream in self._streams:
            with suppress(Exception):  # its node may be gone
                self._ray.cancel(stream, force=True)
        self._streams.clear()

    def _next(self, stream: Any) -> Message:
        """The next message of a task, or what its silence means."""
        errors = self._ray.exceptions
        try:
            message: Message = self._ray.get(next(stream))
        except StopIteration:
            return self._ended(stream, "lost", "its worker ended without a word")
        except errors.NodeDiedError as error:
            return self._ended(stream, "interrupted", f"its node is gone: {first_sentence(error)}")
        except (errors.WorkerCrashedError, errors.OutOfMemoryError) as error:
            return self._ended(stream, "lost", f"its worker died: {first_sentence(error)}")
        except errors.RayTaskError as error:  # from outside of the work: what was sent could not be read there
            return self._ended(stream, "machine", f"a Ray worker could not begin: {error.cause or error}")
        except errors.RayError as error:
            return self._ended(stream, "machine", f"Ray: {type(error).__name__}: {first_sentence(error)}")
        return message

    def _ended(self, stream: Any, kind: str, error: str) -> Outcome:
        running = self._streams[stream]
        seconds = monotonic() - running.began
        return Outcome(task=running.task, kind=kind, worker=running.worker, seconds=seconds, error=error)


def _serve(work: Work, task: Task, sent_by: str) -> Iterator[Message]:
    """On a node: do the work in a thread, and yield what it tells while it does."""
    if version("featherbone") != sent_by:
        raise RuntimeError(f"featherbone is {version('featherbone')} there and {sent_by} here")
    messages: SimpleQueue[Event | Outcome | None] = SimpleQueue()
    worker = here()

    def tell(event: Event) -> None:
        if not isinstance(event, Trained) or event.ends_epoch or event.note:  # steps are too many to travel
            messages.put(event)

    def do() -> None:
        try:
            messages.put(outcome_of(task, work, tell, worker=worker, clock=monotonic))
        finally:
            messages.put(None)

    yield Placed(task=task, worker=worker)
    threading.Thread(target=do, daemon=True).start()
    while (message := messages.get()) is not None:
        yield message
