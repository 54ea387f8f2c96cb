"""`featherbone search show`: a search at any moment, for people and for programs, without touching it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from featherbone.progress import silent
from featherbone.search import Costs, Entry, Limits, Score, open_ledger, search
from featherbone.search.executors import InProcess, Task, Tell


class Stop(BaseException):
    pass


@pytest.fixture
def half(tmp_path: Path) -> Path:
    """A search that was stopped at its ninth task; trial 2 crashed three times, trial 3 is not a number."""
    tasks: list[int] = []

    def work(task: Task, tell: Tell) -> Score:
        tasks.append(task.trial)
        if len(tasks) == 9:
            raise Stop
        if task.trial == 2:
            raise ValueError("no such luck")
        top1 = None if task.trial == 3 else task.trial / 10
        return Score(epochs=task.epochs, val_top1=top1, val_loss=None, seconds=float(task.epochs))

    def propose(board: Any, number: int) -> list[Entry]:
        known = len(board.trials)
        return [
            Entry(
                design=f"design {n}", origin="random", costs=Costs(macs=1000 * n, params=n, peak_memory=4096, size=800)
            )
            for n in range(known + 1, min(known + number, 5) + 1)
        ]

    with open_ledger(tmp_path / "run") as ledger, pytest.raises(Stop):
        search(
            ledger,
            (3, 9),
            limits=Limits(trials=5, epochs=100),
            propose=propose,
            executor=InProcess(work, silent),
            progress=silent,
        )
    return tmp_path / "run"


def test_it_shows_trials_spent_and_left(half: Path, featherbone: Callable[..., Any]) -> None:
    shown = featherbone("search", "show", str(half))
    assert shown.code == 0
    lines = [line.split() for line in shown.out.splitlines()]
    (second,) = (line for line in lines if line[:2] == ["2", "failed"])
    assert second[2] == "(3×)"
    assert "    2  ValueError: no such luck" in shown.out
    found = json.loads(featherbone("search", "show", str(half), "--json").out)
    assert [trial["id"] for trial in found["trials"]] == [1, 2, 3, 4, 5]
    assert found["states"] == {"waiting": 0, "running": 1, "paused": 2, "done": 1, "stopped": 0, "failed": 1}
    assert found["best"]["design"] == "design 4"
    spent = sum(trial["epochs"] for trial in found["trials"])
    assert found["spent"] == {"trials": 4, "seconds": spent, "epochs": spent}
    assert found["left"] == {"trials": 1, "epochs": 100 - spent}
    assert found["trials"][2]["scores"] == {"0": None}
    assert f"left    {100 - spent} of 100 epochs" in shown.out
    assert "trial 4, 40.00 %" in shown.out


def test_it_prints_the_front_with_errors_and_says_why(half: Path, featherbone: Callable[..., Any]) -> None:
    facts = {"job": "fit", "data": {"counts": {"train": 800, "val": 100, "test": 100}}, "result": None}
    (half / "run.json").write_text(json.dumps({"format": "featherbone-run", "version": 1, **facts}))
    shown = featherbone("search", "show", str(half))
    assert shown.code == 0
    assert "Pareto front of validation top-1 against multiply-adds" in shown.out
    lines = [line.split() for line in shown.out[shown.out.index("Pareto front") :].splitlines()]
    assert ["4.0", "k", "40.00", "%", "4.90", "4", "9", "best"] in lines  # the error of 40 of 100
    assert ["1.0", "k", "10.00", "%", "3.00", "1", "3"] in lines
    assert "design 4 scored 40.0 % on the 100 validation images (± 4.9 points, one standard error)" in shown.out


def test_it_reads_while_the_search_writes_and_leaves_no_trace(half: Path, featherbone: Callable[..., Any]) -> None:
    with open_ledger(half) as ledger:  # which is locked now
        ledger.begin(1, 1, "here")
        before = sorted((path.name, path.stat().st_size) for path in half.iterdir())
        assert featherbone("search", "show", half).code == 0
        assert sorted((path.name, path.stat().st_size) for path in half.iterdir()) == before
    copy = shutil.copytree(half, half.parent / "copy")
    before = sorted((path.name, path.read_bytes()) for path in copy.iterdir())
    copy.chmod(0o555)
    try:
        assert featherbone("search", "show", copy).code == 0
    finally:
        copy.chmod(0o755)
    assert dict(before)["ledger.sqlite"] == (copy / "ledger.sqlite").read_bytes()


def test_many_trials_are_shown_by_the_best(half: Path, featherbone: Callable[..., Any]) -> None:
    shown = featherbone("search", "show", half, "--top", "2", "--designs").out
    assert "5 trials, the 2 best of them" in shown
    assert [line.split()[0] for line in shown.splitlines() if " design " in line and line[0] == " "][:2] == ["4", "5"]


def test_what_is_no_ledger_of_this_version_is_refused(half: Path, featherbone: Callable[..., Any]) -> None:
    assert "holds no ledger.sqlite" in featherbone("search", "show", half.parent).err
    with sqlite3.connect(half / "ledger.sqlite") as ledger:
        ledger.execute("PRAGMA user_version = 2")
    ledger.close()
    ended = featherbone("search", "show", half)
    assert (ended.code, ended.out) == (2, "")
    assert "has version 2; this featherbone reads 5" in ended.err
    (half / "ledger.sqlite").write_bytes(b"no database" * 1000)
    (half / "ledger.sqlite-wal").unlink(missing_ok=True)
    assert "can't be read" in featherbone("search", "show", half).err
