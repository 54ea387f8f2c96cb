"""The ledger of a run folder, for a test that changes it by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from featherbone.search.record.seal import seal


@contextmanager
def sealed(folder: Path) -> Iterator[sqlite3.Connection]:
    """What is written gets its checksums; it is kept unless an error comes."""
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as ledger:
        seal(ledger)
        with ledger:
            yield ledger
