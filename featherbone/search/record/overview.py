"""Where a search stands, read from its ledger: every trial, the rungs, what is spent and what is left."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featherbone.files import damage
from featherbone.run_file import read_record
from featherbone.run_record import limits_set
from featherbone.search.record.answer import Answer, answer, scored
from featherbone.search.record.glance import left, limited
from featherbone.search.record.ranking import rank_of
from featherbone.search.record.reading import reading
from featherbone.search.record.schema import FINAL, STATES
from featherbone.search.record.why import why

TEST = {"top1": "top1", "standard_error": "top1_standard_error", "interval": "top1_interval", "images": "count"}


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A search at one moment, as JSON would hold it.

    ``trials`` and ``best`` have a trial's columns and ``scores``, the top-1 by rung; ``ranked`` are their numbers, the
    best first (``featherbone.search.record.ranking``); ``rungs`` have ``rung``,
    ``epochs``, ``trials`` and ``best``; ``left`` and ``limits`` are by ``trials``, ``seconds``, ``epochs``, those that
    are limited. ``answer`` is what the search has found so far, ``why`` says it in sentences, and ``test`` is what the
    finished run reached on the test images: ``top1``, ``standard_error``, ``interval``, ``images``.
    """

    trials: list[dict[str, Any]]
    ranked: list[int]
    rungs: list[dict[str, Any]]
    states: dict[str, int]
    best: dict[str, Any] | None
    spent: dict[str, float]
    limits: dict[str, float]
    left: dict[str, float]
    workers: int | None
    finished: bool
    answer: Answer | None
    why: list[str]
    test: dict[str, Any] | None


def overview(folder: Path) -> Overview:
    """What ``featherbone search show`` tells.

    Raises:
        FeatherboneError: as `reading`.
    """
    with damage(folder, hint="what its ledger or run.json says is no search; run the same command again"):
        return _overview(folder)


def _overview(folder: Path) -> Overview:
    with reading(folder) as ledger:
        notes = {key: json.loads(value) for key, value in ledger.execute("SELECT key, value FROM run")}
        trials = [dict(row) for row in ledger.execute("SELECT * FROM trial ORDER BY id")]
        scores = ledger.execute("SELECT trial, rung, epochs, val_top1 FROM rung ORDER BY trial, rung").fetchall()
        failures = dict(
            ledger.execute(
                "SELECT trial, count(*) FROM attempt WHERE outcome IN ('crashed', 'lost') GROUP BY trial"
            ).fetchall()
        )
    found = notes.get("search", {"limits": {}, "workers": None})
    by_trial: dict[int, dict[int, float | None]] = {}
    for row in scores:
        by_trial.setdefault(row["trial"], {})[row["rung"]] = row["val_top1"]
    for trial in trials:
        trial["scores"] = by_trial.get(trial["id"], {})
        trial["failures"] = failures.get(trial["id"], 0)
    limits = limited(found)
    spent = {
        "trials": sum(trial["rung"] >= 0 for trial in trials),
        "seconds": sum(trial["seconds"] for trial in trials),
        "epochs": sum(trial["epochs"] for trial in trials),
    }
    record = read_record(folder)  # a ledger alone has none
    budget = limits_set(notes.get("asked", {}).get("budget"))
    latency = budget.get("latency")
    ranks = sorted(rank_of(trial, latency) for trial in trials)
    best = next((trial for trial in trials if ranks[0].leads and trial["id"] == ranks[0].trial), None)
    designs = [each for trial in trials if (each := scored(trial, trial["scores"], latency)) is not None]
    result = record.result if record is not None else None
    told = answer(
        designs,
        winner=result.trial if result is not None else None,
        budget=budget,
        images=record.data.validated if record is not None else 0,
    )
    return Overview(
        trials=trials,
        ranked=[rank.trial for rank in ranks],
        rungs=_rungs(scores),
        states={state: sum(trial["state"] == state for trial in trials) for state in STATES},
        best=best,
        spent=spent,
        limits=limits,
        left=left(limits, spent, found["workers"]),
        workers=found["workers"],
        finished=bool(trials) and all(trial["state"] in FINAL for trial in trials),
        answer=told,
        why=why(told, designs) if told is not None else [],
        test={key: getattr(result, f"test_{name}") for key, name in TEST.items()} if result else None,
    )


def _rungs(scores: list[Any]) -> list[dict[str, Any]]:
    """How many trials reached each rung, after how many epochs, and the best of them."""
    found: list[dict[str, Any]] = []
    for rung in sorted({row["rung"] for row in scores}):
        members = [row for row in scores if row["rung"] == rung]
        best = max((row["val_top1"] for row in members if row["val_top1"] is not None), default=None)
        found.append({"rung": rung, "epochs": members[0]["epochs"], "trials": len(members), "best": best})
    return found
