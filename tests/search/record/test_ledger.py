"""The ledger: what is in it survives, who may write it, and which files it refuses."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.search import Costs, Entry, Ledger, Score, open_ledger
from featherbone.search.record.reading import reading

COSTS = Costs(macs=1000, params=100, peak_memory=4096, size=800)
SCORE = Score(epochs=3, val_top1=0.5, val_loss=1.5, seconds=2.0, checkpoint="c0ffee")


def fill(ledger: Ledger, number: int = 2) -> None:
    ledger.remember("asked", {"seed": 0})
    ledger.add([Entry(design=f"design {place}", origin="random", costs=COSTS) for place in range(number)])


def test_what_is_written_is_read_again_by_the_next_process(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        assert ledger.recall("asked") is None
        fill(ledger)
        first, second = ledger.begin(1, 0, "here"), ledger.begin(2, 0, "there")
        ledger.reach(first, 1, 0, SCORE, worker="here", seconds=2.5, state="paused")
        ledger.end(second, 2, "crashed", "ValueError: no", worker="there", seconds=0.5, state="failed")
    with open_ledger(tmp_path) as ledger:
        assert ledger.recall("asked") == {"seed": 0}
        found = [(t.id, t.design, t.origin, t.macs, t.state, t.rung, t.epochs, t.error) for t in ledger.trials()]
        assert found == [
            (1, "design 0", "random", 1000, "paused", 0, 3, None),
            (2, "design 1", "random", 1000, "failed", -1, 0, "ValueError: no"),
        ]
        assert [(entry.trial, entry.rung, entry.score) for entry in ledger.reached()] == [(1, 0, SCORE)]
        assert ledger.failures() == {2: 1}
        assert ledger.seconds() == 2.0


@pytest.mark.parametrize("value", ["a1b2c3", "", None, 7, [1, 2], {"a": {"b": None}}, '\u2028 "quoted"'])
def test_whatever_is_remembered_is_json_to_every_reader(tmp_path: Path, value: object) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.remember("kept", value)
        ledger.note("changes", "before")
        ledger.note("changes", value)
        assert ledger.recall("kept") == ledger.recall("changes") == value
    with reading(tmp_path) as rows:
        assert {key: json.loads(text) for key, text in rows.execute("SELECT key, value FROM run")} == {
            "kept": value,
            "changes": value,
        }


def test_what_is_no_json_in_the_ledger_is_a_sentence(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        with ledger.change() as change:
            change.execute("INSERT INTO run (key, value) VALUES ('storage', 'a bare name')")
        with pytest.raises(FeatherboneError, match="what the ledger says of storage is not JSON"):
            ledger.recall("storage")


def test_what_ran_when_a_process_died_stands_where_it_stood_before(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        fill(ledger, 3)
        ledger.reach(ledger.begin(1, 0, ""), 1, 0, SCORE, worker="", seconds=2.0, state="paused")
        ledger.begin(1, 1, "")
        ledger.begin(2, 0, "")
    with open_ledger(tmp_path) as ledger:
        assert [trial.state for trial in ledger.trials()] == ["running", "running", "waiting"]
        assert ledger.recover() == 2
        assert [trial.state for trial in ledger.trials()] == ["paused", "waiting", "waiting"]
        assert ledger.failures() == {}  # an interruption is not the trial's fault
        assert ledger.recover() == 0
        ledger.close_search()
        assert {trial.state for trial in ledger.trials()} == {"stopped"}


def test_a_change_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        fill(ledger)
        attempt = ledger.begin(1, 0, "")
        with pytest.raises(sqlite3.IntegrityError):
            ledger.reach(attempt, 1, 0, SCORE, worker="", seconds=1.0, state="no such state")
        assert ledger.reached() == ()
        ledger.reach(attempt, 1, 0, SCORE, worker="", seconds=1.0, state="paused")
        with pytest.raises(sqlite3.IntegrityError):  # a rung is reached once
            ledger.reach(attempt, 1, 0, SCORE, worker="", seconds=1.0, state="done")
        assert ledger.trials()[0].state == "paused"
        new, known = (Entry(design=f"design {place}", origin="random", costs=COSTS) for place in (7, 0))
        with pytest.raises(sqlite3.IntegrityError):  # a design is tried once
            ledger.add([new, known])
        assert len(ledger.trials()) == 2


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
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(FeatherboneError, match="version 1; this featherbone reads 5"), open_ledger(tmp_path):
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
        for table in ("run", "trial", "rung", "attempt")
    }
    assert connection.execute("PRAGMA user_version").fetchone() == (5,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert all(names.pop() == "checksum" for names in columns.values())
    assert columns["run"] == ["key", "value"]
    costs = ["params", "macs", "peak_memory", "size", "int8_size", "latency_ms", "latency_by"]
    standing = ["state", "rung", "epochs", "val_top1", "val_loss", "seconds", "error"]
    assert columns["trial"] == ["id", "design", "origin", *costs, *standing]
    assert columns["rung"] == ["trial", "rung", "epochs", "val_top1", "val_loss", "seconds", "checkpoint"]
    assert columns["attempt"] == ["id", "trial", "rung", "worker", "outcome", "seconds", "error", "began", "ended"]


@pytest.mark.parametrize(("table", "column"), [("trial", "seconds"), ("rung", "val_loss")])
def test_a_number_that_is_not_finite_is_damage_even_where_its_checksum_fits(
    tmp_path: Path, table: str, column: str
) -> None:
    with open_ledger(tmp_path) as ledger:
        fill(ledger)
        ledger.reach(ledger.begin(1, 0, "here"), 1, 0, SCORE, worker="here", seconds=2.5, state="paused")
        with ledger.change() as change:
            change.execute(f"UPDATE {table} SET {column} = 9e999")
    message = f"row 1 of its table {table} holds a number that is not finite"
    with pytest.raises(FeatherboneError, match=message), reading(tmp_path):
        pass


@pytest.mark.parametrize(("column", "value"), [("macs", "'many'"), ("val_loss", "'low'"), ("design", "x'00'")])
def test_a_value_of_another_type_is_damage_even_where_its_checksum_fits(
    tmp_path: Path, column: str, value: str
) -> None:
    with open_ledger(tmp_path) as ledger:
        fill(ledger)
        with ledger.change() as change:
            change.execute(f"UPDATE trial SET {column} = {value} WHERE id = 2")
    with pytest.raises(FeatherboneError, match="row 2 of its table trial does not match"), reading(tmp_path):
        pass


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ("UPDATE trial SET val_top1 = 0.99 WHERE id = 1", "row 1 of its table trial"),
        ("UPDATE trial SET macs = macs + 1 WHERE id = 2", "row 2 of its table trial"),
        ("UPDATE trial SET design = design || ' '", "row 1 of its table trial"),
        ("UPDATE run SET value = '{}'", "row 1 of its table run"),
        ("UPDATE rung SET seconds = 2.0000000000000004", "row 1 of its table rung"),
        ("UPDATE attempt SET outcome = 'lost'", "row 1 of its table attempt"),
        ("UPDATE trial SET macs = 'many', checksum = checksum", "row 1 of its table trial"),
        ("UPDATE trial SET checksum = NULL", "row 1 of its table trial"),
    ],
)
def test_a_row_that_was_not_written_so_is_noticed(tmp_path: Path, change: str, row: str) -> None:
    with open_ledger(tmp_path) as ledger:
        fill(ledger)
        ledger.reach(ledger.begin(1, 0, "here"), 1, 0, SCORE, worker="here", seconds=2.5, state="paused")
        ledger.note("changes", 1)
        ledger.note("changes", 2)  # an update, which is sealed as an insert is
    with reading(tmp_path) as rows:
        assert len(rows.execute("SELECT * FROM trial").fetchall()) == 2
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    connection.execute(change)
    connection.commit()
    connection.close()
    with pytest.raises(FeatherboneError, match=f"{row} does not match its checksum"), open_ledger(tmp_path):
        pass
    with pytest.raises(FeatherboneError, match=f"{row} does not match its checksum"), reading(tmp_path):
        pass
    with reading(tmp_path, whole=False):  # for who looks every second
        pass


@pytest.mark.parametrize(
    ("change", "odd"),
    [
        (
            "ALTER TABLE trial RENAME TO kept; CREATE VIEW trial AS WITH RECURSIVE n(i) AS"
            " (SELECT 1 UNION ALL SELECT i FROM n) SELECT *, i FROM kept, n",
            "trial",
        ),
        ("CREATE TRIGGER evil AFTER UPDATE ON trial BEGIN DELETE FROM rung; END", "evil"),
        ("ALTER TABLE run ADD COLUMN extra", "run"),
        ("ALTER TABLE run ADD COLUMN extra AS (value || value)", "run"),
        ("DROP TABLE rung", "rung"),
    ],
)
def test_a_ledger_holds_tables_and_nothing_that_runs(tmp_path: Path, change: str, odd: str) -> None:
    with open_ledger(tmp_path) as ledger:
        fill(ledger)
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    connection.executescript(f"PRAGMA legacy_alter_table = ON; {change}")
    connection.close()
    with pytest.raises(FeatherboneError, match=f"is no ledger: '{odd}' is not as it must be"), open_ledger(tmp_path):
        pass
    with pytest.raises(FeatherboneError, match=f"is no ledger: '{odd}' is not as it must be"), reading(tmp_path):
        pass


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    def fill() -> None:
        with open_ledger(tmp_path) as ledger:
            ledger._connection.execute("PRAGMA max_page_count = 1")
            ledger.remember("asked", "x" * 100_000)

    with pytest.raises(FeatherboneError, match=r"ledger\.sqlite cannot be written: database or disk is full"):
        fill()
    with open_ledger(tmp_path) as ledger:
        assert ledger.recall("asked") is None
