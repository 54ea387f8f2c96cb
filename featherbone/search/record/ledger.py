"""What a search has done, on disk: every design it tried, with costs, state, rungs, scores and attempts.

SQLite with a write-ahead log, so that `kill -9` at any moment leaves the last finished change. One process writes;
another that opens the same run is refused. Plain ``sqlite3 ledger.sqlite`` reads it; `schema.py` has the tables.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featherbone.atomic import remove_unfinished
from featherbone.errors import FeatherboneError
from featherbone.files import parse_json, require_regular
from featherbone.lock import locked
from featherbone.run_file import LEDGER, LOCK
from featherbone.search.costs.budget import Costs
from featherbone.search.record.rows import COLUMNS, Reached, Score, Trial, failures_of, reached_of, trials_of
from featherbone.search.record.schema import SCHEMA, VERSION
from featherbone.search.record.seal import SPARE, require_ledger, seal


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A design to be tried, and where it came from, such as ``random`` or ``changed from 3``.

    >>> from featherbone.search import costs_of
    >>> from featherbone.search.space.design_graph import candidate_graph
    >>> design = "r8 | stem w4 | basic w8"
    >>> entry = Entry(design=design, origin="random", costs=costs_of(candidate_graph(design, classes=2, channels=1)))
    >>> entry.costs.params
    1006
    """

    design: str
    origin: str
    costs: Costs


class Ledger:
    """The ledger of one run; made by ``open_ledger``.

    >>> import tempfile
    >>> with open_ledger(Path(tempfile.mkdtemp())) as ledger:
    ...     ledger.remember("asked", {"seed": 3})
    ...     ledger.recall("asked")
    {'seed': 3}
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def trials(self) -> tuple[Trial, ...]:
        return trials_of(self._connection)

    def reached(self) -> tuple[Reached, ...]:
        """Every score, by trial and rung."""
        return reached_of(self._connection)

    def last(self, trial: int) -> Score | None:
        """What a trial scored at the last rung that it reached."""
        return next((entry.score for entry in reversed(self.reached()) if entry.trial == trial), None)

    def failures(self) -> dict[int, int]:
        """How often each trial has crashed or taken its worker with it."""
        return failures_of(self._connection)

    def seconds(self) -> float:
        """Seconds of training, of all trials together."""
        (seconds,) = self._connection.execute("SELECT total(seconds) FROM trial").fetchone()
        return float(seconds)

    def add(self, entries: Sequence[Entry]) -> tuple[Trial, ...]:
        """New trials, all or none."""
        with self.change() as change:
            (last,) = change.execute("SELECT coalesce(max(id), 0) FROM trial").fetchone()
            trials = tuple(_trial(number, entry) for number, entry in enumerate(entries, start=last + 1))
            change.executemany(
                "INSERT INTO trial (id, design, origin, params, macs, peak_memory, size, int8_size, latency_ms,"
                " latency_by) VALUES (:id, :design, :origin, :params, :macs, :peak_memory, :size, :int8_size,"
                " :latency_ms, :latency_by)",
                [vars(trial) for trial in trials],
            )
        return trials

    def measured(self) -> dict[int, float]:
        """Milliseconds of the trials whose latency was measured."""
        return dict(self._connection.execute("SELECT id, latency_ms FROM trial WHERE latency_by = 'measured'"))

    def time(self, trial: int, ms: float) -> None:
        """The latency of a trial's network was measured."""
        with self.change() as change:
            change.execute("UPDATE trial SET latency_ms = ?, latency_by = 'measured' WHERE id = ?", (ms, trial))

    def remember(self, key: str, value: Any) -> None:
        """Something about the run, made of what JSON knows; once written it stays."""
        with self.change() as change:
            change.execute("INSERT INTO run (key, value) VALUES (?, ?)", (key, json.dumps(value)))

    def note(self, key: str, value: Any) -> None:
        """Something about the run that may change, made of what JSON knows; the newest is kept."""
        with self.change() as change:
            change.execute(
                "INSERT INTO run (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, json.dumps(value)),
            )

    def recall(self, key: str) -> Any:
        """What was remembered under a key, or None.

        Raises:
            FeatherboneError: it is not JSON.
        """
        row = self._connection.execute("SELECT value FROM run WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        return parse_json(str(row[0]), f"what the ledger says of {key}")

    def begin(self, trial: int, rung: int, worker: str) -> int:
        """A worker begins to bring a trial to a rung; the number of the attempt."""
        with self.change() as change:
            change.execute("UPDATE trial SET state = 'running' WHERE id = ?", (trial,))
            made = change.execute(
                "INSERT INTO attempt (trial, rung, worker, began) VALUES (?, ?, ?, ?)",
                (trial, rung, worker, time.time()),
            )
        assert made.lastrowid is not None
        return made.lastrowid

    def place(self, attempt: int, worker: str) -> None:
        """It has turned out which worker makes an attempt."""
        with self.change() as change:
            change.execute("UPDATE attempt SET worker = ? WHERE id = ?", (worker, attempt))

    def reach(
        self, attempt: int, trial: int, rung: int, score: Score, *, worker: str, seconds: float, state: str
    ) -> None:
        """An attempt brought its trial to its rung, after so many seconds of its own."""
        with self.change() as change:
            change.execute(
                "INSERT INTO rung (trial, rung, epochs, val_top1, val_loss, seconds, checkpoint)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (trial, rung, score.epochs, score.val_top1, score.val_loss, score.seconds, score.checkpoint),
            )
            change.execute(
                "UPDATE trial SET state = ?, rung = ?, epochs = ?, val_top1 = ?, val_loss = ?, seconds = ?,"
                " error = NULL WHERE id = ?",
                (state, rung, score.epochs, score.val_top1, score.val_loss, score.seconds, trial),
            )
            _close(change, attempt, "scored", None, worker, seconds)

    def end(
        self, attempt: int, trial: int, outcome: str, error: str, *, worker: str, seconds: float, state: str
    ) -> None:
        """An attempt ended by a fault of its trial: it crashed, or was lost with its worker once too often."""
        with self.change() as change:
            _close(change, attempt, outcome, error, worker, seconds)
            change.execute("UPDATE trial SET state = ?, error = ? WHERE id = ?", (state, error or None, trial))

    def lose(
        self, attempt: int, trial: int, outcome: str, error: str, *, worker: str, seconds: float, state: str
    ) -> None:
        """An attempt went with its worker; its trial stands where it stood before."""
        with self.change() as change:
            _close(change, attempt, outcome, error, worker, seconds)
            change.execute("UPDATE trial SET state = ? WHERE id = ?", (state, trial))

    def recover(self) -> int:
        """Put what ran when the last process ended back to where it stood; how many trials that were."""
        with self.change() as change:
            change.execute("UPDATE attempt SET outcome = 'interrupted' WHERE outcome = 'running'")
            changed = change.execute(
                "UPDATE trial SET state = CASE WHEN rung < 0 THEN 'waiting' ELSE 'paused' END WHERE state = 'running'"
            )
        return changed.rowcount

    def close_search(self) -> None:
        """The search is over: what was not promoted to the end stops where it stands."""
        with self.change() as change:
            change.execute("UPDATE trial SET state = 'stopped' WHERE state IN ('waiting', 'paused')")

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is kept, or nothing. Changes within it are parts of it."""
        if self._connection.in_transaction:
            yield self._connection
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            if self._connection.in_transaction:  # on a full disk SQLite has rolled back already
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _trial(number: int, entry: Entry) -> Trial:
    """A new trial; its latency, where it is limited, is predicted."""
    costs = {column: getattr(entry.costs, cost) for cost, column in COLUMNS.items()}
    by = None if entry.costs.latency is None else "predicted"
    return Trial(id=number, design=entry.design, origin=entry.origin, latency_by=by, **costs)


def _close(
    change: sqlite3.Connection, attempt: int, outcome: str, error: str | None, worker: str, seconds: float
) -> None:
    change.execute(
        "UPDATE attempt SET outcome = ?, error = ?, worker = ?, seconds = ?, ended = ? WHERE id = ?",
        (outcome, error, worker, seconds, time.time(), attempt),
    )


@contextmanager
def open_ledger(folder: Path) -> Iterator[Ledger]:
    """The ledger of a run folder, held by this process until the block ends, or the process does.

    >>> import tempfile
    >>> with open_ledger(Path(tempfile.mkdtemp())) as ledger:
    ...     ledger.trials()
    ()

    Raises:
        FeatherboneError: another process holds it; it was written by another version; it is no ledger, or damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LEDGER
    with locked(folder / LOCK, f"the run {folder}"):
        remove_unfinished(folder)
        if path.exists():
            require_regular(path)
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            _prepare(connection, path)
            yield Ledger(connection)
        except sqlite3.OperationalError as error:
            raise FeatherboneError(
                f"{path} cannot be written: {error}",
                hint="free some space, or choose another disk with --out; the same command continues the run",
            ) from error
        except sqlite3.IntegrityError:  # a change that our own rules forbid
            raise
        except sqlite3.DatabaseError as error:
            raise FeatherboneError(f"{path} is damaged or no ledger: {error}", hint=SPARE) from error
        finally:
            connection.close()


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    empty = version == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    if not empty:
        require_ledger(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    # No write waits for the disk, so a power cut may take back the last changes, whole; `kill -9` takes none. What was
    # taken back is found again in the trials' checkpoints, which do wait: it is scored from there, not trained anew.
    connection.execute("PRAGMA synchronous = NORMAL")
    if empty:
        connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
    seal(connection)
