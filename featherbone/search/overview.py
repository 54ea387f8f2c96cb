"""Where a search stands, read from its ledger: every trial, the rungs, what is spent and what is left."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featherbone.search.glance import left, limited
from featherbone.search.reading import reading
from featherbone.search.schema import FINAL, STATES


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A search at one moment, as JSON would hold it.

    ``trials`` and ``best`` have a trial's columns and ``scores``, the top-1 by rung; ``rungs`` have ``rung``,
    ``epochs``, ``trials`` and ``best``; ``left`` and ``limits`` are by ``trials``, ``seconds``, ``epochs``, those that
    are limited.
    """

    trials: list[dict[str, Any]]
    rungs: list[dict[str, Any]]
    states: dict[str, int]
    best: dict[str, Any] | None
    spent: dict[str, float]
    limits: dict[str, float]
    left: dict[str, float]
    workers: int | None
    finished: bool


def overview(folder: Path) -> Overview:
    """What ``featherbone search show`` tells.

    Raises:
        FeatherboneError: as `reading`.
    """
    with reading(folder) as ledger:
        asked = ledger.execute("SELECT value FROM run WHERE key = 'search'").fetchone()
        trials = [dict(row) for row in ledger.execute("SELECT * FROM trial ORDER BY id")]
        scores = ledger.execute("SELECT trial, rung, epochs, val_top1 FROM rung ORDER BY trial, rung").fetchall()
        failures = dict(
            ledger.execute(
                "SELECT trial, count(*) FROM attempt WHERE outcome IN ('crashed', 'lost') GROUP BY trial"
            ).fetchall()
        )
    found = json.loads(asked["value"]) if asked else {"limits": {}, "workers": None}
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
    return Overview(
        trials=trials,
        rungs=_rungs(scores),
        states={state: sum(trial["state"] == state for trial in trials) for state in STATES},
        best=_best(trials),
        spent=spent,
        limits=limits,
        left=left(limits, spent, found["workers"]),
        workers=found["workers"],
        finished=bool(trials) and all(trial["state"] in FINAL for trial in trials),
    )


def _rungs(scores: list[Any]) -> list[dict[str, Any]]:
    """How many trials reached each rung, after how many epochs, and the best of them."""
    found: list[dict[str, Any]] = []
    for rung in sorted({row["rung"] for row in scores}):
        members = [row for row in scores if row["rung"] == rung]
        best = max((row["val_top1"] for row in members if row["val_top1"] is not None), default=None)
        found.append({"rung": rung, "epochs": members[0]["epochs"], "trials": len(members), "best": best})
    return found


def _best(trials: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The trial that leads, as the search itself would say."""
    scored = [trial for trial in trials if trial["val_top1"] is not None and trial["state"] != "failed"]
    return min(scored, key=order, default=None)


def order(trial: dict[str, Any]) -> tuple[float, ...]:
    """Sorts trials as a search ranks them, the best first: the later rung, the higher top-1, the lower loss, the
    cheaper, the earlier.
    """
    top1 = -math.inf if trial["val_top1"] is None else trial["val_top1"]
    loss = math.inf if trial["val_loss"] is None else trial["val_loss"]
    return (-trial["rung"], -top1, loss, trial["macs"], trial["id"])
