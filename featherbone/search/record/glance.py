"""Where a search stands at this moment, by a few queries that take milliseconds however many trials there are."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from featherbone.files import damage
from featherbone.run_record import limits_set
from featherbone.search.record.ranking import LEADER
from featherbone.search.record.reading import reading
from featherbone.search.record.rows import Trial, named, notes_of, setup_of
from featherbone.search.record.schema import STATES, ended

LATEST = 8  # attempts that ended


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A rung: its epochs, how many trials reached it, how many are on their way to it, the best top-1 there."""

    rung: int
    epochs: int
    trials: int
    running: int
    best: float | None


@dataclass(frozen=True, kw_only=True)
class Running:
    """A trial that is being trained from its last epoch on, since a moment by the clock on the wall."""

    trial: int
    rung: int
    before: int
    epochs: int
    worker: str
    began: float


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How an attempt ended; ``top1`` where it reached its rung."""

    attempt: int
    trial: int
    rung: int
    outcome: str
    top1: float | None
    error: str
    ended: float


@dataclass(frozen=True, kw_only=True)
class Glance:
    """A search at one moment. ``best`` is the trial that leads; ``budget`` the limits of a network that are set.

    ``spent``, ``limits`` and ``left`` are by ``trials``, ``seconds`` and ``epochs``; only what is limited has a limit.
    """

    states: dict[str, int]
    rungs: tuple[Rung, ...]
    running: tuple[Running, ...]
    best: Trial | None
    latest: tuple[Ended, ...]
    budget: dict[str, float]
    spent: dict[str, float]
    limits: dict[str, float]
    left: dict[str, float]
    workers: int | None
    finished: bool


def glance(folder: Path) -> Glance:
    """Look at the search of a run folder; nothing is written or locked.

    Raises:
        FeatherboneError: as `reading`.
    """
    with (
        damage(folder, hint="what its ledger says is no search; run the same command again"),
        reading(folder, whole=False) as ledger,
    ):
        notes = notes_of(ledger)
        setup = setup_of(notes)
        states = dict.fromkeys(STATES, 0) | dict(
            ledger.execute("SELECT state, count(*) FROM trial GROUP BY state").fetchall()
        )
        trials, seconds, epochs = ledger.execute(
            "SELECT count(*) FILTER (WHERE rung >= 0), total(seconds), coalesce(sum(epochs), 0) FROM trial"
        ).fetchone()
        spent = {"trials": trials, "seconds": seconds, "epochs": epochs}
        budget = limits_set(notes.get("asked", {}).get("budget"))
        running = _running(ledger, setup.rungs)
        return Glance(
            states=states,
            rungs=_rungs(ledger, setup.rungs, running),
            running=running,
            best=_best(ledger, budget.get("latency")),
            latest=_latest(ledger),
            budget=budget,
            spent=spent,
            limits=setup.limited(),
            left=setup.left(spent),
            workers=setup.workers,
            finished=ended(states),
        )


def _rungs(ledger: sqlite3.Connection, ladder: tuple[int, ...], running: tuple[Running, ...]) -> tuple[Rung, ...]:
    reached = {
        row["rung"]: row
        for row in ledger.execute(
            "SELECT rung, count(*) AS trials, max(epochs) AS epochs, max(val_top1) AS best FROM rung GROUP BY rung"
        )
    }
    epochs = dict(enumerate(ladder)) | {rung: row["epochs"] for rung, row in reached.items()}
    return tuple(
        Rung(
            rung=rung,
            epochs=epochs[rung],
            trials=reached[rung]["trials"] if rung in reached else 0,
            running=sum(each.rung == rung for each in running),
            best=reached[rung]["best"] if rung in reached else None,
        )
        for rung in sorted(epochs)
    )


def _running(ledger: sqlite3.Connection, ladder: tuple[int, ...]) -> tuple[Running, ...]:
    rows = ledger.execute(
        "SELECT trial.id, trial.epochs, attempt.rung, attempt.worker, max(attempt.began) AS began"
        " FROM trial JOIN attempt ON attempt.trial = trial.id AND attempt.outcome = 'running'"
        " WHERE trial.state = 'running' GROUP BY trial.id ORDER BY attempt.worker, trial.id"
    )
    return tuple(
        Running(
            trial=row["id"],
            rung=row["rung"],
            before=row["epochs"],
            epochs=ladder[row["rung"]] if row["rung"] < len(ladder) else row["epochs"],
            worker=row["worker"],
            began=row["began"],
        )
        for row in rows
    )


def _best(ledger: sqlite3.Connection, latency: float | None) -> Trial | None:
    """The trial that leads."""
    return next((Trial(**trial) for trial in named(ledger.execute(LEADER, {"limit": latency}))), None)


def _latest(ledger: sqlite3.Connection) -> tuple[Ended, ...]:
    """The attempts that ended last, the newest first."""
    rows = ledger.execute(
        "SELECT attempt.id, attempt.trial, attempt.rung, outcome, rung.val_top1, error, ended FROM attempt"
        " LEFT JOIN rung ON rung.trial = attempt.trial AND rung.rung = attempt.rung"
        " WHERE ended IS NOT NULL ORDER BY ended DESC, attempt.id DESC LIMIT ?",
        (LATEST,),
    )
    return tuple(
        Ended(
            attempt=row["id"],
            trial=row["trial"],
            rung=row["rung"],
            outcome=row["outcome"],
            top1=row["val_top1"] if row["outcome"] == "scored" else None,
            error=row["error"] or "",
            ended=row["ended"],
        )
        for row in rows
    )
