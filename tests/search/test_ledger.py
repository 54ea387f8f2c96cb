"""The ledger: what is in it survives, who may write it, and which files it refuses."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.search import Design, Ledger, Score, costs_of, open_ledger

GRAPH = Design.parse("r8 | stem w4 | basic w4").graph(classes=2, channels=1, name="design1")


def fill(ledger: Ledger, number: int = 2) -> None:
    ledger.add([(f"design {place}", GRAPH, costs_of(GRAPH)) for place in range(number)], '{"seed": 0}')


def test_what_is_written_is_read_again_by_the_next_process(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        assert ledger.asked() is None
        fill(ledger)
        ledger.set_state(1, "running")
        ledger.reach(1, 0, Score(epochs=3, val_top1=0.5, val_loss=1.5, seconds=2.0), state="paused")
        ledger.fail(2, "ValueError: no")
    with open_ledger(tmp_path) as ledger:
        assert ledger.asked() == '{"seed": 0}'
        assert [(trial.id, trial.state, trial.error) for trial in ledger.trials()] == [
            (1, "paused", None),
            (2, "failed", "ValueError: no"),
        ]
        assert ledger.score(1, 0) == Score(epochs=3, val_top1=0.5, val_loss=1.5, seconds=2.0)
        assert ledger.score(2, 0) is None
        assert ledger.graph(1) == GRAPH
        assert ledger.seconds() == 2.0


def test_a_change_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        fill(ledger)
        score = Score(epochs=3, val_top1=0.5, val_loss=1.5, seconds=2.0)
        with pytest.raises(sqlite3.IntegrityError):
            ledger.reach(1, 0, score, state="no such state")
        assert ledger.score(1, 0) is None
        ledger.reach(1, 0, score, state="paused")
        with pytest.raises(sqlite3.IntegrityError):  # a rung is reached once
            ledger.reach(1, 0, score, state="done")
        assert ledger.trials()[0].state == "paused"


def test_a_second_process_is_refused_and_a_killed_one_is_not_in_the_way(tmp_path: Path) -> None:
    hold = (
        "import sys, time; from pathlib import Path; from featherbone.search import open_ledger\n"
        "with open_ledger(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(FeatherboneError, match=f"in use by process {holder.pid}"), open_ledger(tmp_path):
            pass
        holder.kill()
    with open_ledger(tmp_path) as ledger:
        assert ledger.trials() == ()


def test_another_version_and_another_file_are_refused(tmp_path: Path) -> None:
    with open_ledger(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(FeatherboneError, match="version 2; this featherbone reads 1"), open_ledger(tmp_path):
        pass
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "ledger.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(FeatherboneError, match="no ledger"), open_ledger(tmp_path / "other"):
        pass


def test_the_schema_is_the_documented_one(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        fill(ledger)
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    columns = {
        table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        for table in ("run", "trial", "rung")
    }
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert columns["run"] == ["key", "value"]
    assert columns["trial"][:6] == ["id", "design", "graph", "params", "macs", "peak_memory"]
    assert columns["trial"][6:] == ["state", "epochs", "val_top1", "seconds", "error"]
    assert columns["rung"] == ["trial", "rung", "epochs", "val_top1", "val_loss", "seconds"]


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    def fill() -> None:
        with open_ledger(tmp_path) as ledger:
            ledger._connection.execute("PRAGMA max_page_count = 1")
            ledger.add([], "x" * 100_000)

    with pytest.raises(FeatherboneError, match=r"ledger\.sqlite cannot be written: database or disk is full"):
        fill()
    with open_ledger(tmp_path) as ledger:
        assert ledger.asked() is None
