"""A run folder read: what was asked, the designs that were tried or the network that is trained, what they learned."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.files import MOST_TEXT, damage, parse_json, read_bytes, read_text
from featherbone.graph import Graph
from featherbone.run_file import LEDGER, NAME, NETWORK, TRIALS, read_record
from featherbone.run_record import ResultRecord, RunRecord
from featherbone.search.record.answer import Answer, Scored, answer, costs_of_trial, scored
from featherbone.search.record.ranking import Rank, rank_of
from featherbone.search.record.reading import reading
from featherbone.search.space.design_graph import candidate_graph

LISTED = 1000  # trials that a page draws and lists, the best; more would be neither read nor loaded


@dataclass(frozen=True, kw_only=True)
class Rung:
    """What a trial had reached when a rung ended."""

    epochs: int
    val_top1: float | None
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One design that was tried. ``rungs`` is by number; ``history`` holds one entry an epoch, as its log does."""

    id: int
    design: str
    origin: str
    params: int
    macs: int
    peak_memory: int
    costs: dict[str, float]  # all that are known, by the names of a budget
    state: str
    epochs: int
    val_top1: float | None
    seconds: float
    error: str
    rungs: dict[int, Rung]
    history: tuple[dict[str, Any], ...]
    rank: Rank
    scored: Scored | None  # as a design that compares, where it has a score

    @property
    def begun(self) -> bool:
        """Whether any of its training was done; a search that ends stops what still waits."""
        return self.epochs > 0 or self.seconds > 0 or self.state in ("running", "failed")

    @property
    def rung(self) -> int:
        """The last rung that it reached; -1 before the first."""
        return max(self.rungs, default=-1)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run as its folder tells it; ``record`` is run.json.

    A search has ``trials``; a training has a ``graph``, as JSON text, and a ``history`` with one entry an epoch.
    """

    folder: Path
    record: RunRecord
    trials: tuple[Trial, ...] = ()
    graph: str = ""
    history: tuple[dict[str, Any], ...] = ()
    going: bool = True  # unless it is known that nothing works on it any more

    @property
    def result(self) -> ResultRecord | None:
        """What the finished run found; None while it is going on."""
        return self.record.result

    @cached_property
    def ranked(self) -> list[Trial]:
        """Trials with a score, the best first."""
        return sorted((trial for trial in self.trials if trial.val_top1 is not None), key=lambda trial: trial.rank)

    @cached_property
    def scored(self) -> list[Scored]:
        """The trials with a score as designs that compare."""
        return [trial.scored for trial in self.trials if trial.scored is not None]

    @cached_property
    def answer(self) -> Answer | None:
        """What the search has found so far."""
        return answer(
            self.scored,
            winner=self.result.trial if self.result is not None else None,
            budget=self.record.limits,
            images=self.record.data.validated,
        )

    def network(self, trial: Trial) -> Graph | None:
        """The graph of one of its trials; None where run.json does not say what images it takes."""
        data = self.record.data
        if not data.classes or not data.channels:
            return None
        return candidate_graph(trial.design, classes=len(data.classes), channels=data.channels)


def read_run(folder: Path, *, going: bool = True) -> Run:
    """The run in a folder; a ledger that does not exist yet is one without trials.

    Raises:
        FeatherboneError: no run.json, or a file that is damaged or of another version.
    """
    with damage(folder / NAME):
        return _read(folder, going=going)


def _read(folder: Path, *, going: bool) -> Run:
    record = read_record(folder)
    if record is None:
        raise FeatherboneError(f"{folder} holds no run.json", hint="give the folder that fit or train wrote")
    if not record.is_training:
        return Run(folder=folder, record=record, trials=_trials(folder, record.limits.get("latency")), going=going)
    log = folder / "log.jsonl"
    return Run(folder=folder, record=record, graph=_graph(folder), history=_history(log) if log.is_file() else ())


def _graph(folder: Path) -> str:
    path = folder / NETWORK
    return read_text(path) if path.exists() else ""


def _trials(folder: Path, latency: float | None) -> tuple[Trial, ...]:
    """The trials in the ledger of a run; ``latency`` is the limit on theirs, if there is one."""
    if not (folder / LEDGER).is_file():
        return ()
    with reading(folder) as ledger:
        trials = ledger.execute("SELECT * FROM trial ORDER BY id").fetchall()
        rungs = ledger.execute("SELECT * FROM rung ORDER BY trial, rung").fetchall()
    reached: dict[int, dict[int, Rung]] = {}
    for row in rungs:
        reached.setdefault(row["trial"], {})[row["rung"]] = Rung(
            epochs=row["epochs"], val_top1=row["val_top1"], seconds=row["seconds"] or 0.0
        )
    best = sorted(rank_of(row, latency) for row in trials)[:LISTED]
    histories = _histories(folder / TRIALS, {rank.trial for rank in best})
    return tuple(_trial(row, reached.get(row["id"], {}), histories.get(row["id"], ()), latency) for row in trials)


def _trial(
    row: sqlite3.Row, rungs: dict[int, Rung], history: tuple[dict[str, Any], ...], latency: float | None
) -> Trial:
    return Trial(
        id=row["id"],
        design=row["design"],
        origin=row["origin"],
        params=row["params"] or 0,
        macs=row["macs"] or 0,
        peak_memory=row["peak_memory"] or 0,
        costs=costs_of_trial(row),
        state=row["state"] or "waiting",
        epochs=row["epochs"] or 0,
        val_top1=row["val_top1"],
        seconds=row["seconds"] or 0.0,
        error=row["error"] or "",
        rungs=rungs,
        history=history,
        rank=rank_of(row, latency),
        scored=scored(row, {number: rung.val_top1 for number, rung in rungs.items()}, latency),
    )


def _histories(folder: Path, numbers: set[int]) -> dict[int, tuple[dict[str, Any], ...]]:
    """The logs of these trials by their numbers, which name their folders; those that have none yet are left out."""
    logs = {number: folder / str(number) / "log.jsonl" for number in numbers}
    return {number: _history(path) for number, path in logs.items() if path.is_file()}


def _history(path: Path) -> tuple[dict[str, Any], ...]:
    """One entry an epoch, the newest where an epoch was run twice; a line that was cut off by a crash ends the log."""
    epochs: dict[int, dict[str, Any]] = {}
    for line in read_bytes(path, most=MOST_TEXT).decode(errors="replace").splitlines():
        try:
            entry = parse_json(line, "a line of the log")
        except FeatherboneError:
            break
        if isinstance(entry, dict) and isinstance(entry.get("epoch"), int):
            epochs[entry["epoch"]] = entry
    return tuple(epochs[epoch] for epoch in sorted(epochs))
