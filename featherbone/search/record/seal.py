"""A checksum in each row of a ledger: a bit that flips on disk is noticed, and no score that nobody reached is ranked.

The checksum is a column of its own. The process that writes computes it by triggers of its connection alone, whatever
the statement; the file holds none, so that any SQLite reads it.
"""

from __future__ import annotations

import math
import sqlite3
import zlib
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.search.record.schema import SCHEMA, TABLES, VERSION

COLUMN = "checksum"
SPARE = "copy it back from where it is whole, or search again under another --name"
KINDS = {"INTEGER": int, "REAL": float, "TEXT": str}

Layout = tuple[tuple[str, str, int, int, int], ...]  # name, type, NOT NULL, place in the key, computed


def seal(connection: sqlite3.Connection) -> None:
    """Have this connection give each row that it writes its checksum."""
    connection.create_function("row_checksum", -1, _checksum, deterministic=True)
    for table in TABLES:
        names = list(_columns(table))
        values = ", ".join(f"NEW.{name}" for name in names)
        for event in ("INSERT", f"UPDATE OF {', '.join(names)}"):
            connection.execute(
                f"CREATE TEMP TRIGGER seal_{table}_{event.split()[0].lower()} AFTER {event} ON {table}"
                f" BEGIN UPDATE {table} SET {COLUMN} = row_checksum({values}) WHERE rowid = NEW.rowid; END"
            )


def require_ledger(connection: sqlite3.Connection, path: Path, *, whole: bool = True) -> None:
    """Raise unless a file is a ledger that this version reads; ``whole=False`` leaves its rows' checksums out.

    Raises:
        FeatherboneError: it is of another version, no ledger, or damaged.
        sqlite3.Error: the file is damaged in a way that SQLite notices.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        raise FeatherboneError(
            f"{path} has version {version}; this featherbone reads {VERSION}",
            hint="use the version of featherbone that wrote it, or another --name",
        )
    _require_layout(connection, path)
    if whole:
        _require_whole(connection, path)


def _require_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Read every row once and compare it with its checksum and with the types of its columns."""
    for table in TABLES:
        columns = _columns(table)
        rows = connection.execute(f"SELECT rowid, {COLUMN}, {', '.join(columns)} FROM {table}")
        for place, stated, *values in rows:
            fits = all(map(isinstance, values, columns.values()))
            if not fits or _checksum(*values) != stated:
                raise FeatherboneError(
                    f"{path} is damaged: row {place} of its table {table} does not match its checksum", hint=SPARE
                )
            if not all(math.isfinite(value) for value in values if isinstance(value, float)):  # none was written so
                raise FeatherboneError(
                    f"{path} is damaged: row {place} of its table {table} holds a number that is not finite", hint=SPARE
                )


def _require_layout(connection: sqlite3.Connection, path: Path) -> None:
    """Raise unless the tables are those that featherbone makes: a view or a trigger would be code of the file."""
    connection.execute("PRAGMA trusted_schema = OFF")
    tables = {
        name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE rootpage AND type = 'table'")
    }
    wrong = [table for table in TABLES if table not in tables or _layout(connection, table) != _wanted()[table]]
    wrong += [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    if wrong:
        raise FeatherboneError(f"{path} is no ledger: {str(wrong[0])[:40]!r} is not as it must be", hint=SPARE)


@cache
def _columns(table: str) -> dict[str, Any]:
    """All columns but the checksum, in order, with the types of what they hold."""
    return {
        name: KINDS[kind] if needed or key else (KINDS[kind], type(None))
        for name, kind, needed, key, _ in _wanted()[table]
        if name != COLUMN
    }


@cache
def _wanted() -> dict[str, Layout]:
    with closing(sqlite3.connect(":memory:")) as empty:
        empty.executescript(SCHEMA)
        return {table: _layout(empty, table) for table in TABLES}


def _layout(connection: sqlite3.Connection, table: str) -> Layout:
    rows = connection.execute('SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?)', (table,))
    return tuple(rows.fetchall())


def _checksum(*values: str | float | None) -> int:
    return zlib.crc32("\x1f".join(map(repr, values)).encode("utf-8", "surrogatepass"))
