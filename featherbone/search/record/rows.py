"""The rows of a search's ledger as values, read by whoever writes it and by all who look."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from featherbone.json_values import read_value
from featherbone.quantities import LIMITED, QUANTITIES

COLUMNS = {name: QUANTITIES[name].column for name in LIMITED}  # of a trial, by the names of a budget


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A design in a search, by the columns of its row; numbers start at 1.

    >>> costs = {"params": 90, "macs": 5000, "peak_memory": 800, "size": 4000, "int8_size": 2000}
    >>> trial = Trial(id=1, design="r8 | stem w4", origin="random", **costs)
    >>> trial.begun, trial.costs["macs"]
    (False, 5000)

    ``rung`` is the last that it reached, -1 before the first.
    """

    id: int
    design: str
    origin: str
    params: int
    macs: int
    peak_memory: int
    size: int
    int8_size: int
    latency_ms: float | None = None
    latency_by: str | None = None  # predicted or measured
    state: str = "waiting"
    rung: int = -1
    epochs: int = 0
    val_top1: float | None = None
    val_loss: float | None = None
    seconds: float = 0.0
    error: str | None = None
    checksum: int | None = None  # of its row as it was read

    @property
    def costs(self) -> dict[str, float]:
        """What it costs, by the names of a budget; latency where it is known."""
        found = {cost: getattr(self, column) for cost, column in COLUMNS.items()}
        return {cost: value for cost, value in found.items() if value is not None}

    @property
    def begun(self) -> bool:
        """Whether any of its training was done; a search that ends stops what still waits."""
        return self.epochs > 0 or self.seconds > 0 or self.state in ("running", "failed")


@dataclass(frozen=True, kw_only=True)
class Score:
    """What a trial reached at a rung. Not a number is stored as nothing, and read as nothing.

    >>> Score(epochs=3, val_top1=0.5, val_loss=1.2, seconds=9.0).checkpoint
    ''
    """

    epochs: int
    val_top1: float | None
    val_loss: float | None
    seconds: float  # of training up to here, from the first epoch
    checkpoint: str = ""  # SHA-256 of the checkpoint's payload


@dataclass(frozen=True, kw_only=True)
class Reached:
    """A rung that a trial reached."""

    trial: int
    rung: int
    score: Score


@dataclass(frozen=True, kw_only=True)
class Setup:
    """How a search is run: the epochs of its rungs, what it may spend (None is no limit), how many workers it has."""

    rungs: tuple[int, ...] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)
    workers: int | None = None

    def limited(self) -> dict[str, float]:
        """What the search may spend, by ``trials``, ``seconds`` and ``epochs``; only what is limited."""
        return {name: limit for name, limit in self.limits.items() if limit is not None}

    def left(self, spent: Mapping[str, float]) -> dict[str, float]:
        """What is left of each limit; one of time is what a person waits, while all workers train.

        >>> Setup(limits={"trials": None, "seconds": 100.0}, workers=2).left({"trials": 3, "seconds": 50.0})
        {'seconds': 75.0}
        """
        waited = {**spent, "seconds": spent["seconds"] / (self.workers or 1)}
        return {name: max(0, limit - waited[name]) for name, limit in self.limited().items()}


def limits_told(limits: Mapping[str, float]) -> list[str]:
    """The limits that a person is told of: that on trials only where nothing else ends the search.

    >>> limits_told({"trials": 100_000, "seconds": 60.0}), limits_told({"trials": 12})
    (['seconds'], ['trials'])
    """
    return [name for name in limits if name != "trials"] or list(limits)


def trials_of(ledger: sqlite3.Connection) -> tuple[Trial, ...]:
    """Every trial, by its number."""
    return tuple(Trial(**trial) for trial in named(ledger.execute("SELECT * FROM trial ORDER BY id")))


def reached_of(ledger: sqlite3.Connection) -> tuple[Reached, ...]:
    """Every score, by trial and rung."""
    names = ", ".join(each.name for each in fields(Score))
    rows = ledger.execute(f"SELECT trial, rung, {names} FROM rung ORDER BY trial, rung")
    return tuple(Reached(trial=row.pop("trial"), rung=row.pop("rung"), score=Score(**row)) for row in named(rows))


def failures_of(ledger: sqlite3.Connection) -> dict[int, int]:
    """How often each trial has crashed or taken its worker with it."""
    rows = ledger.execute("SELECT trial, count(*) FROM attempt WHERE outcome IN ('crashed', 'lost') GROUP BY trial")
    return dict(rows)


def notes_of(ledger: sqlite3.Connection) -> dict[str, Any]:
    """What the run remembers, by key."""
    return {key: json.loads(value) for key, value in ledger.execute("SELECT key, value FROM run")}


def setup_of(notes: Mapping[str, Any]) -> Setup:
    """How a search is run, of its notes; nothing is known of one that has not begun."""
    setup: Setup = read_value("search", notes.get("search", {}), Setup)
    return setup


def named(rows: sqlite3.Cursor) -> list[dict[str, Any]]:
    """Rows by the names of their columns."""
    names = [column[0] for column in rows.description]
    return [dict(zip(names, row, strict=True)) for row in rows]
