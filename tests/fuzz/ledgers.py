"""Ledgers of a search: a good one, its readers, and changes that a checksum does not betray."""

from __future__ import annotations

import contextlib
import io
import random
import sqlite3
import tempfile
from pathlib import Path

from featherbone.cli.output import print_json
from featherbone.search import Costs, Entry, Score, open_ledger
from featherbone.search.record.glance import glance
from featherbone.search.record.schema import TABLES
from featherbone.search.record.seal import seal
from featherbone.search.record.search_record import read_search
from tests.fuzz.mutations import texts

DESIGNS = [
    "r32 | stem w20 hard_swish | basic w16 se hard_swish | basic w24 d2 s2 | head w188",
    "r8 | stem w8 | fire w16 t2",
]
VALUES = (None, 0, -1, 3, 2**63 - 1, -(2**63), 0.0, -2.5, 1e-320, 1e308, float("inf"), float("-inf"), "", "x")


def ledger() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        with open_ledger(Path(name)) as made:
            made.remember("search", {"rungs": [1, 3], "limits": {"trials": 9}, "workers": 1})
            costs = Costs(macs=1000, params=100, peak_memory=4096, size=800)
            made.add([Entry(design=design, origin="random", costs=costs) for design in DESIGNS])
            score = Score(epochs=1, val_top1=0.5, val_loss=1.5, seconds=2.0)
            made.reach(made.begin(1, 0, "here"), 1, 0, score, worker="here", seconds=2.0, state="paused")
        return (Path(name) / "ledger.sqlite").read_bytes()


def searched(path: str) -> object:
    with contextlib.redirect_stdout(io.StringIO()):
        print_json(read_search(Path(path).parent).to_json())
    return glance(Path(path).parent)


def resealed(content: bytes, chance: random.Random) -> bytes:
    """A ledger in which one value is another one, with a checksum that fits: what only its readers can notice."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "ledger.sqlite"
        path.write_bytes(content)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as changing:
            changing.execute("PRAGMA ignore_check_constraints = ON")
            seal(changing)
            table = chance.choice(TABLES)
            columns = [name for _, name, *_ in changing.execute(f"PRAGMA table_info({table})") if name != "checksum"]
            (row,) = changing.execute(
                f"SELECT rowid FROM {table} LIMIT 1 OFFSET abs(?) % (SELECT count(*) FROM {table})",
                (chance.randrange(99),),
            ).fetchone()
            column = chance.choice(columns)
            (value,) = changing.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchone()
            changed: object = chance.choice(VALUES)
            if isinstance(value, str):
                changed = next(texts([value], 1, seed=chance.randrange(2**32)))
            with contextlib.suppress(sqlite3.Error, UnicodeEncodeError):  # a key twice
                changing.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (changed, row))
        return path.read_bytes()
