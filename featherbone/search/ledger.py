"""What a search has done, on disk: every design it tried, with costs, state, rungs and scores.

SQLite with a write-ahead log, so that `kill -9` at any moment leaves the last finished change. One process writes;
another that opens the same run is refused. Plain ``sqlite3 ledger.sqlite`` reads it:

    run    what was asked, as JSON: one key, asked
    trial  a design: its graph and costs, its state (waiting, running, paused, done, failed), epochs, score, seconds
    rung   a score of a trial after so many epochs
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, from_json, to_json
from featherbone.lock import locked
from featherbone.search.budget import Costs

VERSION = 1
SCHEMA = """
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE trial (
    id INTEGER PRIMARY KEY,
    design TEXT NOT NULL,
    graph TEXT NOT NULL,
    params INTEGER NOT NULL,
    macs INTEGER NOT NULL,
    peak_memory INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'paused', 'done', 'failed')),
    epochs INTEGER NOT NULL DEFAULT 0,
    val_top1 REAL,
    seconds REAL NOT NULL DEFAULT 0,
    error TEXT
);
CREATE TABLE rung (
    trial INTEGER NOT NULL REFERENCES trial (id),
    rung INTEGER NOT NULL,
    epochs INTEGER NOT NULL,
    val_top1 REAL,
    val_loss REAL,
    seconds REAL NOT NULL,
    PRIMARY KEY (trial, rung)
);
"""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A design in a search; numbers start at 1."""

    id: int
    design: str
    macs: int
    state: str
    error: str | None


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a trial reached at a rung. Not a number is stored as nothing, and read as nothing."""

    epochs: int
    val_top1: float | None
    val_loss: float | None
    seconds: float  # of training up to here, from the first epoch


class Ledger:
    """The ledger of one run; made by ``open_ledger``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def trials(self) -> tuple[Trial, ...]:
        rows = self._connection.execute("SELECT id, design, macs, state, error FROM trial ORDER BY id")
        return tuple(Trial(id=i, design=d, macs=m, state=s, error=e) for i, d, m, s, e in rows)

    def graph(self, trial: int) -> Graph:
        (text,) = self._connection.execute("SELECT graph FROM trial WHERE id = ?", (trial,)).fetchone()
        return from_json(text)

    def score(self, trial: int, rung: int) -> Score | None:
        """What the trial reached at a rung, or None where it has not got there."""
        row = self._connection.execute(
            "SELECT epochs, val_top1, val_loss, seconds FROM rung WHERE trial = ? AND rung = ?", (trial, rung)
        ).fetchone()
        return None if row is None else Score(epochs=row[0], val_top1=row[1], val_loss=row[2], seconds=row[3])

    def seconds(self) -> float:
        """Seconds of training, of all trials together."""
        (seconds,) = self._connection.execute("SELECT total(seconds) FROM trial").fetchone()
        return float(seconds)

    def add(self, designs: Sequence[tuple[str, Graph, Costs]], asked: str) -> None:
        """All trials of a run, and what was asked as JSON, in one step: a run has all of its designs or none."""
        rows = [
            (place, design, to_json(graph), costs.params, costs.macs, costs.memory)
            for place, (design, graph, costs) in enumerate(designs, start=1)
        ]
        with self._change() as change:
            change.execute("INSERT INTO run VALUES ('asked', ?)", (asked,))
            change.executemany(
                "INSERT INTO trial (id, design, graph, params, macs, peak_memory, state)"
                " VALUES (?, ?, ?, ?, ?, ?, 'waiting')",
                rows,
            )

    def asked(self) -> str | None:
        """What was asked, as JSON, or None in a new run."""
        row = self._connection.execute("SELECT value FROM run WHERE key = 'asked'").fetchone()
        return None if row is None else str(row[0])

    def set_state(self, trial: int, state: str) -> None:
        with self._change() as change:
            change.execute("UPDATE trial SET state = ? WHERE id = ?", (state, trial))

    def reach(self, trial: int, rung: int, score: Score, *, state: str) -> None:
        """A trial reached a rung."""
        with self._change() as change:
            change.execute(
                "INSERT INTO rung VALUES (?, ?, ?, ?, ?, ?)",
                (trial, rung, score.epochs, score.val_top1, score.val_loss, score.seconds),
            )
            change.execute(
                "UPDATE trial SET state = ?, epochs = ?, val_top1 = ?, seconds = ? WHERE id = ?",
                (state, score.epochs, score.val_top1, score.seconds, trial),
            )

    def fail(self, trial: int, error: str) -> None:
        """A trial can't go on."""
        with self._change() as change:
            change.execute("UPDATE trial SET state = 'failed', error = ? WHERE id = ?", (error, trial))

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is kept, or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            if self._connection.in_transaction:  # on a full disk SQLite has rolled back already
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


@contextmanager
def open_ledger(folder: Path) -> Iterator[Ledger]:
    """The ledger of a run folder, held by this process until the block ends, or the process does.

    Raises:
        FeatherboneError: another process holds it; it was written by another version; it is no ledger.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ledger.sqlite"
    with locked(folder / "lock", f"the run {folder}"):
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            _prepare(connection, path)
            yield Ledger(connection)
        except sqlite3.OperationalError as error:
            raise FeatherboneError(
                f"{path} cannot be written: {error}",
                hint="free some space, or choose another disk with --out; the same command continues the run",
            ) from error
        finally:
            connection.close()


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    except sqlite3.DatabaseError as error:
        raise FeatherboneError(
            f"{path} is damaged or no ledger: {error}", hint="remove its folder, or choose another --name"
        ) from None
    if version != VERSION and not (empty and version == 0):
        raise FeatherboneError(
            f"{path} has ledger version {version}; this featherbone reads {VERSION}",
            hint="use the version that wrote it, or another --name",
        )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a change that was reported survives a power cut too
    if empty:
        connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
