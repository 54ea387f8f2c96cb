"""Workers in processes of their own: they score as this process does, may die, and end with their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from featherbone.progress import Event, Trained, silent
from featherbone.search import Costs, Entry, Limits, Score, open_ledger, search
from featherbone.search.executors import Outcome, Processes, Task, Tell
from featherbone.search.schedule.board import Board


def score(task: Task, tell: Tell) -> Score:
    """What stands for training here: trial 2 kills its worker the first time, trial 4 always, trial 3 raises."""
    marks = Path(task.design.split()[-1])
    with (marks / f"{task.trial}-{task.epochs}").open("a") as file:
        file.write(f"{os.getpid()}\n")
    tell(Trained(trial=task.trial, epoch=1, epochs=9, step=1, steps=2, metrics={"train_loss": 1.0}))
    tell(Trained(trial=task.trial, epoch=1, epochs=9, step=2, steps=2, metrics={"val_top1": 0.5}))
    if task.trial == 2 and len((marks / f"2-{task.epochs}").read_text().split()) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if task.trial == 4:
        os._exit(7)
    if task.trial == 3:
        raise ValueError("no")
    return Score(epochs=task.epochs, val_top1=task.trial / 10, val_loss=1.0, seconds=1.0)


def test_a_search_survives_the_death_of_its_workers(tmp_path: Path) -> None:
    events: list[Event] = []

    def propose(board: Board, number: int) -> Sequence[Entry]:
        first = len(board.trials) + 1
        return [
            Entry(design=f"{n} {tmp_path}", origin="random", costs=Costs(macs=n, params=1, peak_memory=1, size=1))
            for n in range(first, first + number)
        ]

    with open_ledger(tmp_path / "run") as ledger:
        winner = search(
            ledger,
            (3, 9),
            limits=Limits(trials=6),
            propose=propose,
            executor=Processes(score, 2),
            progress=events.append,
        )
        assert winner.id == 6
        states = {trial.id: (trial.state, trial.error) for trial in ledger.trials()}
        assert ledger.failures() == {2: 1, 3: 3, 4: 3}
    assert states[2] == ("stopped", None)
    assert states[3] == ("failed", "ValueError: no")
    assert states[4] == ("failed", "its worker ended with exit code 7")
    assert len((tmp_path / "6-9").read_text().split()) == 1  # nothing is trained twice
    assert len({line for path in tmp_path.glob("*-3") for line in path.read_text().split()}) > 2
    assert all(event.ends_epoch for event in events if isinstance(event, Trained))
    assert sum(isinstance(event, Trained) for event in events) >= 6


HOLD = """
import sys, time
from pathlib import Path
from featherbone.search.executors import Processes, Task
from tests_of_executors import forever

if __name__ == "__main__":
    executor = Processes(forever, 1)
    executor.submit(Task(trial=1, design=sys.argv[1], rung=0, epochs=1))
    executor.wait()
"""
FOREVER = """
import os, time
from pathlib import Path

def forever(task, tell):
    Path(task.design).write_text(str(os.getpid()))
    time.sleep(600)
"""


def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    (tmp_path / "tests_of_executors.py").write_text(FOREVER)
    (tmp_path / "hold.py").write_text(HOLD)
    sign = tmp_path / "pid"
    with subprocess.Popen([sys.executable, str(tmp_path / "hold.py"), str(sign)]) as parent:
        worker = int(_eventually(lambda: sign.exists() and sign.read_text()))
        parent.kill()
    try:
        _eventually(lambda: not _works(worker))
    finally:
        if _works(worker):
            os.kill(worker, signal.SIGKILL)


def _works(pid: int) -> bool:
    """Whether there is such a process, and no mere zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _eventually(found):
    for _ in range(600):
        if value := found():
            return value
        time.sleep(0.1)
    raise AssertionError("it did not happen within a minute")


@pytest.mark.parametrize("kind", ["scored", "crashed"])
def test_a_worker_that_died_while_idle_is_replaced(tmp_path: Path, kind: str) -> None:
    executor = Processes(score, 1)
    try:
        executor._crew[0].process.kill()
        executor._crew[0].process.join()
        trial = 1 if kind == "scored" else 3
        executor.submit(Task(trial=trial, design=f"x {tmp_path}", rung=0, epochs=3))
        (lost,) = executor.wait()
        assert isinstance(lost, Outcome)
        assert (lost.kind, lost.task.trial) == ("lost", trial)
        executor.submit(lost.task)
        outcomes: list[Outcome] = []
        while not outcomes:
            outcomes = [message for message in executor.wait() if isinstance(message, Outcome)]
        assert [outcome.kind for outcome in outcomes] == [kind]
    finally:
        executor.close()
    silent(Trained(trial=1, epoch=1, epochs=1, step=1, steps=1, metrics={}))
