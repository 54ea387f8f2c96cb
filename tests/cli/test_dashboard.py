"""What `fit` and `search show --watch` draw of a search that goes on: its ledger, in any terminal."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from featherbone.cli.dashboard.dashboard import Dashboard
from featherbone.cli.dashboard.watch import logged
from featherbone.cli.dashboard.words import spending_lines
from featherbone.progress import silent
from featherbone.search import Costs, Entry, Ledger, Limits, Score, open_ledger, search
from featherbone.search.executors import InProcess, Task, Tell
from featherbone.search.record.glance import glance
from featherbone.search.record.search_record import read_search

RUNGS = (3, 9)


class Stop(BaseException):
    pass


def search_on(ledger: Ledger, *, stop_at: int = 0, work: Callable[[Task], None] = lambda _: None) -> None:
    """Eight designs on two rungs; trial 2 always crashes. It stops at a task, from 1 on."""
    tasks: list[int] = []

    def train(task: Task, tell: Tell) -> Score:
        tasks.append(task.trial)
        if len(tasks) == stop_at:
            raise Stop
        work(task)
        if task.trial == 2:
            raise ValueError("no such luck")
        return Score(epochs=task.epochs, val_top1=task.trial / 10, val_loss=1.0, seconds=float(task.epochs))

    def propose(board: Any, number: int) -> list[Entry]:
        known = len(board.trials)
        costs = [Costs(macs=1000 * n, params=n, peak_memory=4096, size=800, int8_size=300) for n in range(9)]
        return [Entry(design=f"design {n}", origin="random", costs=costs[n]) for n in range(known + 1, 9)][:number]

    if ledger.recall("asked") is None:
        ledger.remember("asked", {"budget": {"macs": 10_000, "params": None, "latency": None}})
    search(
        ledger,
        RUNGS,
        limits=Limits(trials=8, epochs=200),
        propose=propose,
        executor=InProcess(train, silent),
        progress=silent,
    )


@pytest.fixture
def half(tmp_path: Path) -> Iterator[Path]:
    """A search as it is while its eighth task runs."""
    with open_ledger(tmp_path / "run") as ledger:
        with pytest.raises(Stop):
            search_on(ledger, stop_at=8)
        yield tmp_path / "run"


def drawn(dashboard: Dashboard, width: int, height: int) -> list[str]:
    screen = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    screen.print(dashboard)
    assert isinstance(screen.file, io.StringIO)
    return [line.rstrip() for line in screen.file.getvalue().splitlines()]


def test_a_glance_tells_what_the_overview_does(half: Path) -> None:
    found, whole = glance(half), read_search(half)
    assert (found.states, found.spent, found.limits, found.left) == (
        whole.states,
        whole.spent,
        whole.setup.limited(),
        whole.left,
    )
    assert (found.finished, found.workers, found.budget) == (False, 1, {"macs": 10_000})
    assert found.best is not None
    assert whole.leader is not None
    assert found.best.id == whole.leader.id
    reached = [(rung.rung, rung.epochs, rung.trials, rung.best) for rung in found.rungs if rung.trials]
    assert reached == [(rung.rung, rung.epochs, rung.trials, rung.best) for rung in whole.rungs]
    (running,) = found.running
    assert [rung.running for rung in found.rungs] == [int(rung.rung == running.rung) for rung in found.rungs]
    assert whole.trials[running.trial - 1].state == "running"
    assert running.worker == "here"
    assert abs(time.time() - running.began) < 600
    assert [ended.ended for ended in found.latest] == sorted((e.ended for e in found.latest), reverse=True)
    assert len(found.latest) == 7


@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24), (44, 14), (30, 10)])
def test_it_fits_its_terminal_and_names_what_matters(half: Path, width: int, height: int) -> None:
    (running,) = glance(half).running
    dashboard = Dashboard(half, lambda found: {running.trial: (running.before + 1.25, 0.5)})
    lines = drawn(dashboard, width, height)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    text = "\n".join(lines)
    best = glance(half).best
    assert best is not None
    assert f"best   trial {best.id}, " in text
    if width >= 44:
        assert lines[0].split() == ["rung", "epochs", "trials", "running", "best"]
    if width >= 80:
        assert f"trial {running.trial}" in text
        assert f"{running.before + 1.2:.1f}/{running.epochs} ep. 50.0 %" in text
        assert "% of the limit)" in text
        assert "of 200 epochs" in text
        assert "trial 2 crashed on its way to rung 0" in text


def test_what_cannot_be_read_for_a_while_is_said_and_what_was_known_stays(half: Path) -> None:
    dashboard = Dashboard(half, lambda found: {})
    assert "best   trial" in "\n".join(drawn(dashboard, 80, 24))
    (half / "ledger.sqlite").rename(half / "away")
    dashboard._next = 0.0
    text = "\n".join(drawn(dashboard, 80, 24))
    assert "best   trial" in text
    assert "holds no ledger.sqlite" in text.replace("\n", " ")


def test_epochs_are_read_from_the_logs(half: Path) -> None:
    (running,) = glance(half).running
    assert logged(half, glance(half)) == {}
    log = half / "trials" / str(running.trial) / "log.jsonl"
    log.parent.mkdir(parents=True)
    rows = [json.dumps({"epoch": epoch, "val_top1": epoch / 100, "more": "x" * 100}) for epoch in range(1, 90)]
    log.write_text("\n".join(rows) + "\n")
    assert logged(half, glance(half)) == {running.trial: (89.0, 0.89)}
    log.write_text('{"epoch": 1, "val')  # being written
    assert logged(half, glance(half)) == {}


@pytest.mark.parametrize(("workers", "said"), [(1, "of training"), (2, "of training by 2 workers")])
def test_several_workers_are_told(half: Path, workers: int, said: str) -> None:
    (spent,) = [line for line in spending_lines(replace(glance(half), workers=workers)) if line.startswith("spent")]
    assert spent.endswith(said)


def test_watching_ends_with_the_search(half: Path, featherbone: Callable[..., Any]) -> None:
    (half / "lock").write_text("999999999\n")
    ended = featherbone("search", "show", half, "--watch")
    assert ended.code == 0
    assert len([line for line in ended.out.splitlines() if "reached rung" in line]) == 6
    assert "no process on this machine works on" in ended.err
    events = [line for line in ended.out.splitlines() if line.startswith("trial ")]
    latest = [ended.trial for ended in glance(half).latest]
    assert [int(line.split()[1]) for line in events] == latest[::-1], "in the order in which they ended"
    (document,) = featherbone("search", "show", half, "--watch", "--json").out.splitlines()
    assert json.loads(document)["states"]["running"] == 1


def test_watching_a_search_on_its_way(tmp_path: Path, featherbone: Callable[..., Any]) -> None:
    begun = threading.Event()

    def slow(task: Task) -> None:
        begun.set()
        time.sleep(0.1)

    def run() -> None:
        with open_ledger(tmp_path / "run") as ledger:
            search_on(ledger, work=slow)
            time.sleep(2)

    thread = threading.Thread(target=run)
    thread.start()
    begun.wait(30)
    assert (tmp_path / "run" / "lock").read_text() == f"{os.getpid()}\n"
    ended = featherbone("search", "show", tmp_path / "run", "--watch", "--json")
    thread.join()
    documents = [json.loads(line) for line in ended.out.splitlines()]
    assert len(documents) > 1
    assert [document["finished"] for document in documents] == [False] * (len(documents) - 1) + [True]
    assert "the search has ended" in ended.err
