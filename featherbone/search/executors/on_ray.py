"""Tasks on a Ray cluster, each in a process on whatever node has a core free for it and was found fit to work.

Which trial goes on, what it may cost and what it has reached stay with the driver and its ledger: Ray only runs tasks,
and retries none. A task streams its events, then its outcome. When one fails, its node is looked at again before the
trial is blamed: what went with its node, or failed where a node has lost something, is `interrupted`, and goes on from
the last checkpoint elsewhere. What failed on a node that is as it should be is tried again on another one, if any.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import Any

from featherbone.progress import Event, Noticed, Trained
from featherbone.search.executors.base import Message, Outcome, Placed, Task, Work, outcome_of
from featherbone.search.executors.ray_cluster import first_sentence, here, import_ray, share_of_a_task
from featherbone.search.executors.ray_nodes import PATIENCE, Nodes

NODE = "ray.io/node-id"  # the label that Ray gives each node
GLANCE = 2.0  # seconds between two looks at which nodes are there
LEAVE = 5.0  # seconds in which running tasks may stop by themselves


@dataclass
class _Running:
    task: Task
    worker: str
    began: float
    node: str = ""  # where it runs, when that is known
    among: tuple[str, ...] = ()  # where it may run


class OnRay:
    """An executor of so many tasks at a time, each with cores for so many threads; for use within `connected`.

    Nodes that join later are used when they are found fit, up to ``workers`` tasks in all.
    """

    def __init__(self, work: Work, nodes: Nodes, *, workers: int, threads: int = 1, patience: float = PATIENCE) -> None:
        self._ray = import_ray()
        self.workers = workers
        self._task = self._ray.remote(max_retries=0, num_returns="streaming", **share_of_a_task(threads))(_serve)
        self._work, self._nodes, self._patience = work, nodes, patience
        self._streams: dict[Any, _Running] = {}
        self._homeless: list[Task] = []  # that no node is there for
        self._held: dict[str, list[Outcome]] = {}  # failures, by the node that is being looked at again
        self._failed_on: dict[int, set[str]] = {}  # by trial
        self._seen, self._fit = monotonic(), monotonic()  # when nodes were listed, and when one was fit

    def submit(self, task: Task) -> str:
        self._place(task)
        return "Ray"

    def wait(self) -> list[Message]:
        messages: list[Message] = []
        while not messages:
            self._settle()
            waiting: list[Any] = [*self._streams, *self._nodes.looks]
            ready: list[Any] = []
            if waiting:
                ready, _ = self._ray.wait(waiting, num_returns=1, timeout=GLANCE)
            else:
                sleep(GLANCE)
            while ready:
                for each in ready:
                    messages += self._answered(each) if each in self._nodes.looks else self._heard(each)
                waiting = [*self._streams, *self._nodes.looks]
                ready = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)[0] if waiting else []
            if monotonic() - self._seen > GLANCE:
                self._seen = monotonic()
                messages += [Noticed(sentence=sentence) for sentence in self._nodes.refresh()]
        return messages

    def close(self) -> None:
        """Let tasks stop by themselves, which leaves nothing behind on their nodes; those that don't are ended."""
        until = monotonic() + LEAVE
        for stream in self._streams:
            with suppress(Exception):  # its node may be gone
                self._ray.cancel(stream, force=False)
        for stream in self._streams:
            with suppress(Exception):  # it ends with one
                while (left := until - monotonic()) > 0 and self._ray.wait([stream], timeout=left)[0]:
                    self._ray.get(next(stream))
            with suppress(Exception):
                self._ray.cancel(stream, force=True)
        self._streams.clear()

    def _place(self, task: Task) -> None:
        """Give a task to a fit node, where it failed before only if there is no other; to none where none is fit."""
        fit = self._nodes.fit()
        among = [node for node in fit if node not in self._failed_on.get(task.trial, ())] or fit
        if not among:
            self._homeless.append(task)
            return
        chosen = self._task.options(label_selector={NODE: f"in({','.join(among)})"})
        stream = chosen.remote(self._work, task)
        self._streams[stream] = _Running(task, worker="Ray", began=monotonic(), among=tuple(among))

    def _settle(self) -> None:
        """Place again what waits for nodes that are not fit any more, or for any node at all."""
        fit = self._nodes.fit()
        for stream, running in list(self._streams.items()):
            if not running.node and not set(running.among) & set(fit):
                with suppress(Exception):
                    self._ray.cancel(stream, force=True)
                del self._streams[stream]
                self._homeless.append(running.task)
        if fit:
            self._fit = monotonic()
            homeless, self._homeless = self._homeless, []
            for task in homeless:
                self._place(task)
        elif not self._streams and not self._nodes.looks and monotonic() - self._fit > self._patience:
            self._nodes.require_fit()

    def _heard(self, stream: Any) -> list[Message]:
        """The next message of a task; a failure is held until its node has been looked at."""
        message, running = self._next(stream), self._streams[stream]
        if isinstance(message, Placed):
            running.worker, running.began = message.worker, monotonic()
            running.node = next((id for id, name in self._nodes.names.items() if message.worker.startswith(name)), "")
        if not isinstance(message, Outcome):
            return [message]
        del self._streams[stream]
        node = running.node
        if message.kind == "machine" and node:
            self._nodes.leave_out(node, message.error)
            sentences = self._nodes.told(node, message.error)
            return [*(Noticed(sentence=each) for each in sentences), replace(message, kind="interrupted")]
        if message.kind == "interrupted" and not node:  # it is not to be sent to the same node again
            return [*(Noticed(sentence=each) for each in self._nodes.refresh()), message]
        if message.kind in ("crashed", "lost") and node:
            self._failed_on.setdefault(message.task.trial, set()).add(node)
            if node not in self._nodes.looks.values():
                self._nodes.look_at(node)
            self._held.setdefault(node, []).append(message)
            return []
        return [message]

    def _answered(self, look: Any) -> list[Message]:
        """A look at a node has ended: where the node is at fault, the failures that waited for it are no trial's."""
        known = dict(self._nodes.reasons)
        node, reason = self._nodes.answered(look)
        held = self._held.pop(node, [])
        if not reason:
            return list(held)
        told = [] if known.get(node) else self._nodes.told(node, reason)
        blameless = [replace(outcome, kind="interrupted", error=f"{reason}: {outcome.error}") for outcome in held]
        return [*(Noticed(sentence=each) for each in told), *blameless]

    def _next(self, stream: Any) -> Message:
        """The next message of a task, or what its silence means."""
        errors = self._ray.exceptions
        try:
            message: Message = self._ray.get(next(stream))
        except StopIteration:
            return self._ended(stream, "lost", "its worker ended without a word")
        except (errors.NodeDiedError, errors.TaskUnschedulableError) as error:  # gone with the task, or before it began
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


class _Cancelled(SystemExit):
    """Ends a training in the middle, without a word; no error of the trial's."""


def _serve(work: Work, task: Task) -> Iterator[Message]:
    """On a node: do the work in a thread, and yield what it tells while it does. Cancelled, it lets the step end."""
    messages: SimpleQueue[Event | Outcome | None] = SimpleQueue()
    worker, cancelled = here(), threading.Event()

    def tell(event: Event) -> None:
        if cancelled.is_set():
            raise _Cancelled
        if not isinstance(event, Trained) or event.ends_epoch or event.note:  # steps are too many to travel
            messages.put(event)

    def do() -> None:
        try:
            messages.put(outcome_of(task, work, tell, worker=worker, clock=monotonic))
        finally:
            messages.put(None)

    yield Placed(task=task, worker=worker)
    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    try:
        while (message := _next_of(messages)) is not None:
            yield message
    finally:
        cancelled.set()
        thread.join(LEAVE)


def _next_of(messages: SimpleQueue[Event | Outcome | None]) -> Event | Outcome | None:
    """The next message. Ray's interruption reaches a thread only when it runs Python, so it must not wait for ever."""
    while True:
        try:
            return messages.get(timeout=0.5)
        except Empty:
            continue
