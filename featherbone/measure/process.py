"""A fresh process to measure in, seen from the process that asks."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import featherbone
from featherbone.errors import FeatherboneError
from featherbone.measure.runtimes.workload import Workload

# Each library reads its own; all are set, so that none starts more threads than asked for.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Process:
    """A measuring process; ``fresh_process`` makes one and ends it."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self._popen = popen

    def load(self, job: Workload) -> None:
        """Load the network and run it once."""
        self.ask(do="load", job=asdict(job))

    def call(self, function: str, **options: Any) -> Any:
        """What ``function``, written ``package.module:name``, returns there; options and answer are what JSON holds."""
        return self.ask(do="call", function=function, options=options)["found"]

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send one request and wait for its answer.

        Raises:
            FeatherboneError: what the process refused, or that it ended.
        """
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._popen.stdin.write(json.dumps(request) + "\n")
            self._popen.stdin.flush()
        line = self._popen.stdout.readline()
        if not line:
            raise FeatherboneError(
                f"the measuring process ended with code {self._popen.wait()} while asked to {request['do']}",
                hint="a smaller batch or network may fit; its own message stands above",
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise FeatherboneError(answer["error"], hint=answer["hint"])
        return answer


@contextlib.contextmanager
def fresh_process(threads: int) -> Iterator[Process]:
    """A new process whose libraries use ``threads`` threads; it ends with the block, whatever happens in it."""
    here = str(Path(featherbone.__file__).resolve().parents[1])
    environment = dict(os.environ)
    environment.update({variable: str(threads) for variable in THREAD_VARIABLES})
    environment.setdefault("KINETO_LOG_LEVEL", "99")  # torch.profiler otherwise writes its progress to the terminal
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
    popen = subprocess.Popen(
        [sys.executable, "-m", "featherbone.measure.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
        start_new_session=True,  # Ctrl-C is for the process that asks; it ends this one
    )
    try:
        yield Process(popen)
    finally:
        popen.kill()
        popen.communicate()
