"""`kill -9` of a search's driver and workers, at chosen statements of SQL and at random moments, and the same again."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import time
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from fake_training import FakeTraining, drive, table

from featherbone.search import open_ledger
from featherbone.search.record.schema import FINAL

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["featherbone.search.executors", "featherbone.search.schedule.driver"])


def begin(folder: Path, workers: int, die_at: int = 0) -> BaseProcess:
    process = CONTEXT.Process(target=drive, args=(folder, workers, die_at))
    process.start()
    return process


def end_of(process: BaseProcess) -> int | None:
    process.join(60)
    return process.exitcode


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    """The table of a search that nothing stopped."""
    folder = tmp_path_factory.mktemp("calm")
    assert end_of(begin(folder, 0)) == 0
    return final(folder)


def final(folder: Path) -> list[tuple[Any, ...]]:
    """The table at the end, of which some things are always true."""
    work = FakeTraining(folder=folder)
    with open_ledger(folder / "run") as ledger:
        assert all(trial.state in FINAL for trial in ledger.trials())
        assert {trial.id: trial.epochs for trial in ledger.trials()} == {
            trial.id: work.epochs(trial.id) for trial in ledger.trials()
        }
        assert ledger.seconds() == sum(trial.epochs for trial in ledger.trials())  # an epoch is a second: once each
        return table(ledger)


def test_a_dozen_kills_of_a_search_change_nothing(tmp_path: Path, calm: list[tuple[Any, ...]]) -> None:
    draws = random.Random(1)
    for kill in range(12):
        if kill % 3:
            process = begin(tmp_path, 0, die_at=draws.randrange(1, 50))
        else:
            process = begin(tmp_path, 0)
            wait_for_work(tmp_path, process)
            time.sleep(draws.uniform(0, 0.02))
            process.kill()
        assert end_of(process) == -signal.SIGKILL
    assert end_of(begin(tmp_path, 0)) == 0
    assert final(tmp_path) == calm
    assert sum(FakeTraining(folder=tmp_path).begun().values()) <= sum(row[4] for row in calm if len(row) == 8) + 12


def test_a_power_cut_that_takes_back_the_last_changes_changes_nothing(
    tmp_path: Path, calm: list[tuple[Any, ...]]
) -> None:
    """Checkpoints wait for the disk, the ledger does not: after a power cut it may be the older of the two."""
    drive_until(tmp_path, die_at=120)
    older = shutil.copytree(tmp_path / "run", tmp_path / "older")
    drive_until(tmp_path, die_at=180)
    assert sum(FakeTraining(folder=tmp_path).begun().values()) > 40
    shutil.rmtree(tmp_path / "run")
    older.rename(tmp_path / "run")
    assert end_of(begin(tmp_path, 0)) == 0
    assert final(tmp_path) == calm
    again = [epoch for epoch, times in FakeTraining(folder=tmp_path).begun().items() if times > 1]
    assert len(again) <= 2  # those that a kill cut short


def drive_until(folder: Path, die_at: int) -> None:
    assert end_of(begin(folder, 0, die_at=die_at)) == -signal.SIGKILL


@pytest.mark.parametrize("workers", [1, 2])
def test_kills_of_workers_and_their_driver(tmp_path: Path, workers: int, calm: list[tuple[Any, ...]]) -> None:
    process = begin(tmp_path, workers)
    for victim in ("worker", "driver", "driver", "worker", "driver"):  # a third worker could be the same trial's
        wait_for_work(tmp_path, process)
        if victim == "worker":
            with suppress(ProcessLookupError):
                os.kill(int(FakeTraining(folder=tmp_path).log()[-1][-1]), signal.SIGKILL)
        else:
            process.kill()
            assert end_of(process) == -signal.SIGKILL
            process = begin(tmp_path, workers)
    assert end_of(process) == 0
    found = final(tmp_path)
    if workers == 1:
        assert found == calm


def wait_for_work(folder: Path, process: BaseProcess) -> None:
    """Until an epoch more has begun."""
    before = len(FakeTraining(folder=folder).log())
    for _ in range(6000):
        if len(FakeTraining(folder=folder).log()) > before + 1:
            return
        assert process.is_alive(), "the search is over before it could be killed"
        time.sleep(0.002)
    raise AssertionError("no epoch began within a minute")


def test_the_clock_of_the_wall_may_jump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = iter(range(10**9, 0, -(10**5)))
    monkeypatch.setattr(time, "time", lambda: float(next(jumps)))
    drive(tmp_path, 0, 0)
    with open_ledger(tmp_path / "run") as ledger:
        seconds = [row[0] for row in ledger._connection.execute("SELECT seconds FROM attempt")]
    assert all(0 <= each < 60 for each in seconds)
