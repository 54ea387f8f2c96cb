"""What stands for training where a search itself is tested: it keeps checkpoints and costs milliseconds."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from featherbone.progress import Trained, silent
from featherbone.search import Costs, Entry, Ledger, Limits, Score, Trial, open_ledger, search
from featherbone.search.executors import Executor, InProcess, Processes, Task, Tell
from featherbone.search.schedule.board import Board

RUNGS = (2, 6, 18)
TRIALS = 27


def designs(board: Board, number: int) -> Sequence[Entry]:
    """Endless designs, each with its own name and costs."""
    first = len(board.trials) + 1
    return [
        Entry(design=f"design {place}", origin="random", costs=Costs(macs=100 + place, params=1, peak_memory=1, size=1))
        for place in range(first, first + number)
    ]


def top1(trial: int, epochs: int) -> float:
    """Scores without a rule, some of them equal."""
    return sha256(f"{trial} {epochs}".encode()).digest()[0] // 4 / 64


@dataclass(frozen=True, kw_only=True)
class FakeTraining:
    """Trains as `train` does: a checkpoint after each epoch, and on from there. An epoch is one second of training.

    Every epoch that begins, and every one that is in a checkpoint, is a line of a log beside the checkpoints.
    """

    folder: Path
    epoch_seconds: float = 0.002

    def __call__(self, task: Task, tell: Tell) -> Score:
        for epoch in range(self.epochs(task.trial) + 1, task.epochs + 1):
            self._log(f"began {task.trial} {epoch} {os.getpid()}")
            time.sleep(self.epoch_seconds)
            new = self.folder / f"{task.trial}.{os.getpid()}.next"
            new.write_text(str(epoch))
            os.replace(new, self._checkpoint(task.trial))
            self._log(f"saved {task.trial} {epoch} {os.getpid()}")
            score = {"val_top1": top1(task.trial, epoch)}
            tell(Trained(trial=task.trial, epoch=epoch, epochs=RUNGS[-1], step=1, steps=1, metrics=score))
        return Score(
            epochs=task.epochs,
            val_top1=top1(task.trial, task.epochs),
            val_loss=1.0,
            seconds=float(task.epochs),
            checkpoint=f"{task.trial}-{task.epochs}",
        )

    def epochs(self, trial: int) -> int:
        """Of a trial's checkpoint."""
        path = self._checkpoint(trial)
        return int(path.read_text()) if path.exists() else 0

    def log(self) -> list[list[str]]:
        path = self.folder / "log"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def begun(self) -> Counter[tuple[int, int]]:
        """How often each epoch of each trial was begun."""
        return Counter((int(trial), int(epoch)) for what, trial, epoch, _ in self.log() if what == "began")

    def _checkpoint(self, trial: int) -> Path:
        return self.folder / f"{trial}.checkpoint"

    def _log(self, line: str) -> None:
        with (self.folder / "log").open("a") as file:
            file.write(f"{line}\n")


def run(ledger: Ledger, executor: Executor, *, trials: int = TRIALS, progress: Callable[[Any], None]) -> Trial:
    return search(ledger, RUNGS, limits=Limits(trials=trials), propose=designs, executor=executor, progress=progress)


def table(ledger: Ledger) -> list[tuple[Any, ...]]:
    """All that a search decided, without what no two runs share: who worked, and how long."""
    trials = [(t.id, t.design, t.state, t.rung, t.epochs, t.val_top1, t.seconds, t.error) for t in ledger.trials()]
    return [*trials, *((r.trial, r.rung, r.score) for r in ledger.reached())]


def drive(folder: Path, workers: int, die_at: int) -> None:
    """A search in a process of its own, with no worker but itself where 0; it dies at a statement of SQL, from 1 on."""
    statements = 0

    def count(_: str) -> None:
        nonlocal statements
        statements += 1
        if statements == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    work = FakeTraining(folder=folder)
    with open_ledger(folder / "run") as ledger:
        ledger._connection.set_trace_callback(count)
        run(ledger, Processes(work, workers) if workers else InProcess(work, silent), progress=silent)
