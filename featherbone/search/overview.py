"""Where a search stands, read from its ledger: every trial, the rungs, what is spent and what is left."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.search.answer import Answer, Scored, answer, costs_of_trial
from featherbone.search.glance import left, limited, limits_set
from featherbone.search.reading import reading
from featherbone.search.schema import FINAL, STATES
from featherbone.search.why import why

TEST = {"top1": "top1", "standard_error": "top1_standard_error", "interval": "top1_interval", "images": "count"}


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A search at one moment, as JSON would hold it.

    ``trials`` and ``best`` have a trial's columns and ``scores``, the top-1 by rung; ``rungs`` have ``rung``,
    ``epochs``, ``trials`` and ``best``; ``left`` and ``limits`` are by ``trials``, ``seconds``, ``epochs``, those that
    are limited. ``answer`` is what the search has found so far, ``why`` says it in sentences, and ``test`` is what the
    finished run reached on the test images: ``top1``, ``standard_error``, ``interval``, ``images``.
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
    answer: Answer | None
    why: list[str]
    test: dict[str, Any] | None


def overview(folder: Path) -> Overview:
    """What ``featherbone search show`` tells.

    Raises:
        FeatherboneError: as `reading`.
    """
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
    facts = _facts(folder)
    designs = [_scored(trial) for trial in trials if _has_score(trial)]
    result = facts.get("result") or {}
    best = _best(trials)
    told = answer(
        designs,
        winner=result.get("trial", best["id"] if best else None),
        budget=limits_set(notes.get("asked", {}).get("budget") or {}),
        images=((facts.get("data") or {}).get("counts") or {}).get("val", 0),
    )
    return Overview(
        trials=trials,
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
        test={key: result[f"test_{name}"] for key, name in TEST.items()} if result else None,
    )


def _facts(folder: Path) -> dict[str, Any]:
    """run.json, which says how many images scores come from; a ledger alone has none."""
    path = folder / "run.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise FeatherboneError(f"{path} can't be read: {error}", hint="run the same command again") from error
    return found if isinstance(found, dict) else {}


def _has_score(trial: Mapping[str, Any]) -> bool:
    return trial["state"] != "failed" and any(top1 is not None for top1 in trial["scores"].values())


def _scored(trial: Mapping[str, Any]) -> Scored:
    return Scored(
        id=trial["id"],
        design=trial["design"],
        origin=trial["origin"],
        epochs=trial["epochs"],
        scores={rung: top1 for rung, top1 in trial["scores"].items() if top1 is not None},
        costs=costs_of_trial(trial),
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
