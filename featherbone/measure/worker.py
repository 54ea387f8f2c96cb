"""The measuring process: one network in one runtime, told by its parent what to do, one line of JSON at a time.

It runs as ``python -m featherbone.measure.worker`` and imports the one runtime that it measures, so that neither thread
pools nor allocators of another are around. Requests and answers: ``featherbone.measure.process``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from featherbone.errors import FeatherboneError
from featherbone.measure.runtimes.workload import Workload
from featherbone.measure.warmup import warm_up
from featherbone.scratch import scratch


def main() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)  # what a runtime prints must not be taken for an answer
    answer: Callable[[dict[str, Any]], dict[str, Any]] = Answers()
    for line in sys.stdin:
        try:
            _send(answers, _safely(answer, json.loads(line)))
        except BrokenPipeError:  # whoever asked was killed
            os.dup2(os.open(os.devnull, os.O_WRONLY), answers.fileno())
            return


class Answers:
    """The state of a measuring process: the network that it has loaded."""

    def __init__(self) -> None:
        self._run: Callable[[], object] = lambda: None
        self._before: int | None = None  # bytes of memory before the network was loaded

    def __call__(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request, by its ``do``."""
        if request["do"] == "load":
            job = Workload(**request["job"])
            load = named(job.opener) if job.opener else _runtime(request["job"]).load
            self._before = held_memory("VmRSS")
            self._run = load(job)
            self._run()  # what cannot run says so now
            return {}
        if request["do"] == "about":
            modules = sorted({name.partition(".")[0] for name in sys.modules})
            return {"process": os.getpid(), "threads": os.environ.get("OMP_NUM_THREADS"), "modules": modules}
        if request["do"] == "warm_up":
            return asdict(warm_up(self._once))
        if request["do"] == "turn":
            return {"seconds": take_turn(self._once, request["seconds"])}
        if request["do"] == "profile":
            with scratch() as folder:
                job = Workload(**request["job"])
                return {"operators": _runtime(request["job"]).profile(job, request["runs"], folder)}
        if request["do"] == "call":
            return {"found": named(request["function"])(**request["options"])}
        if request["do"] == "memory":
            now = held_memory("VmHWM")
            return {"bytes": None if now is None or self._before is None else now - self._before}
        from featherbone.measure.limits import measure_limit

        return {"value": measure_limit(request["limit"], request["threads"])}

    def _once(self) -> float:
        start = time.perf_counter()
        self._run()
        return time.perf_counter() - start


def take_turn(once: Callable[[], float], seconds: float) -> list[float]:
    """The times of runs that last ``seconds`` together, at least one.

    A run before them is not timed: while others had their turns, the caches were theirs.
    """
    once()
    times = [once()]
    total = times[0]
    while total < seconds:
        times.append(once())
        total += times[-1]
    return times


def named(function: str) -> Callable[..., Any]:
    """A function by its place, written ``package.module:name``."""
    module, _, name = function.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def held_memory(kind: str) -> int | None:
    """Bytes of memory that this process holds (``VmRSS``) or held at most (``VmHWM``); None where nothing says it.

    What getrusage says begins with the memory of the process that started this one.
    """
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    found = next(line for line in status.read_text().splitlines() if line.startswith(f"{kind}:"))
    return 1024 * int(found.split()[1])


def _runtime(job: dict[str, Any]) -> Any:
    return import_module(f"featherbone.measure.runtimes.on_{job['runtime']}")


def _safely(answer: Callable[[dict[str, Any]], dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    try:
        return answer(request)
    except FeatherboneError as error:
        return {"error": error.sentence, "hint": error.hint}


def _send(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
