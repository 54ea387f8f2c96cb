"""A ledger for those who only look: nothing is written or locked, and a search that goes on is not in the way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from featherbone.errors import FeatherboneError
from featherbone.files import require_regular
from featherbone.run_file import LEDGER
from featherbone.search.record.seal import require_ledger


@contextmanager
def reading(folder: Path, *, whole: bool = True) -> Iterator[sqlite3.Connection]:
    """The ledger of a run folder at one moment, by column name; all that is read in the block is of that moment.

    Every row is compared with its checksum first. ``whole=False`` leaves that out, for who looks every second.

    Raises:
        FeatherboneError: there is none; it is no ledger, damaged, or of another version.
    """
    path = folder / LEDGER
    if not path.exists():
        raise FeatherboneError(f"{folder} holds no {LEDGER}", hint="give the folder that featherbone fit wrote")
    require_regular(path)
    try:
        with closing(_opened(path)) as ledger:
            ledger.execute("BEGIN")
            require_ledger(ledger, path, whole=whole)
            ledger.row_factory = sqlite3.Row
            yield ledger
    except sqlite3.Error as error:
        raise FeatherboneError(f"{path} can't be read: {error}", hint="is it a ledger of featherbone fit?") from error


def _opened(path: Path) -> sqlite3.Connection:
    """Read-only. On a disk that cannot be written either, SQLite must be told that nobody else writes there."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    ledger = sqlite3.connect(address, uri=True, timeout=10, isolation_level=None)
    try:
        ledger.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.DatabaseError as error:
        ledger.close()
        if not isinstance(error, sqlite3.OperationalError) or path.with_name(f"{LEDGER}-wal").exists():
            raise
        ledger = sqlite3.connect(f"{address}&immutable=1", uri=True, isolation_level=None)
    return ledger
