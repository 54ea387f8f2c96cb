"""A search at one moment, read whole: its ledger, and its run.json where that is written yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from featherbone.files import damage
from featherbone.run_file import read_record
from featherbone.run_record import RunRecord, limits_set
from featherbone.search.record.answer import Answer, Scored, answer, scored
from featherbone.search.record.ranking import rank_of
from featherbone.search.record.reading import reading
from featherbone.search.record.rows import Score, Setup, Trial, failures_of, notes_of, reached_of, setup_of, trials_of
from featherbone.search.record.schema import STATES, ended
from featherbone.search.record.why import why

TEST = {"top1": "top1", "standard_error": "top1_standard_error", "interval": "top1_interval", "images": "count"}


@dataclass(frozen=True, kw_only=True)
class RungRecord:
    """How many trials reached a rung, after how many epochs, and the best top-1 of them."""

    rung: int
    epochs: int
    trials: int
    best: float | None


@dataclass(frozen=True, kw_only=True)
class SearchRecord:
    """What a search has tried. ``scores`` are by trial and rung, ``failures`` by trial, those that have some.

    ``budget`` holds the limits of a network that are set; that on latency in milliseconds.
    """

    run: RunRecord | None = None
    setup: Setup = field(default_factory=Setup)
    budget: Mapping[str, float] = field(default_factory=dict)
    trials: tuple[Trial, ...] = ()
    scores: Mapping[int, Mapping[int, Score]] = field(default_factory=dict)
    failures: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def ranked(self) -> tuple[Trial, ...]:
        """All trials, the best first (`featherbone.search.record.ranking`)."""
        return tuple(sorted(self.trials, key=lambda trial: rank_of(trial, self.budget.get("latency"))))

    @property
    def leader(self) -> Trial | None:
        """The trial that leads, where one may."""
        first = next(iter(self.ranked), None)
        return first if first is not None and rank_of(first, self.budget.get("latency")).leads else None

    @cached_property
    def compared(self) -> list[Scored]:
        """The trials with a score, as designs that compare."""
        found = (scored(each, self.scores.get(each.id, {}), self.budget.get("latency")) for each in self.trials)
        return [each for each in found if each is not None]

    @cached_property
    def answer(self) -> Answer | None:
        """What the search has found so far."""
        return answer(
            self.compared,
            winner=self.run.result.trial if self.run is not None and self.run.result is not None else None,
            budget=self.budget,
            images=self.run.data.validated if self.run is not None else 0,
        )

    @property
    def why(self) -> list[str]:
        """The answer in sentences."""
        return why(self.answer, self.compared) if self.answer is not None else []

    @cached_property
    def reached(self) -> dict[int, list[Score]]:
        """The scores by rung, those of the first trials first."""
        found: dict[int, list[Score]] = {}
        for scores in self.scores.values():
            for rung, score in scores.items():
                found.setdefault(rung, []).append(score)
        return dict(sorted(found.items()))

    @property
    def rungs(self) -> list[RungRecord]:
        return [
            RungRecord(
                rung=rung,
                epochs=scores[0].epochs,
                trials=len(scores),
                best=max((score.val_top1 for score in scores if score.val_top1 is not None), default=None),
            )
            for rung, scores in self.reached.items()
        ]

    @property
    def states(self) -> dict[str, int]:
        """How many trials are in each state."""
        return {state: sum(trial.state == state for trial in self.trials) for state in STATES}

    @property
    def finished(self) -> bool:
        return ended(self.states)

    @property
    def spent(self) -> dict[str, float]:
        return {
            "trials": sum(trial.rung >= 0 for trial in self.trials),
            "seconds": sum(trial.seconds for trial in self.trials),
            "epochs": sum(trial.epochs for trial in self.trials),
        }

    @property
    def left(self) -> dict[str, float]:
        """What is left of what it may spend, where that is limited."""
        return self.setup.left(self.spent)

    @property
    def test(self) -> dict[str, Any] | None:
        """What a finished run reached on the test images."""
        result = self.run.result if self.run is not None else None
        return {key: getattr(result, f"test_{name}") for key, name in TEST.items()} if result is not None else None

    def to_json(self) -> dict[str, Any]:
        """What ``featherbone search show --json`` prints; ``ranked`` are the numbers of the trials, the best first."""
        trials = {trial.id: self._trial(trial) for trial in self.trials}
        return {
            "trials": list(trials.values()),
            "ranked": [trial.id for trial in self.ranked],
            "rungs": [asdict(rung) for rung in self.rungs],
            "states": self.states,
            "best": trials[self.leader.id] if self.leader is not None else None,
            "spent": self.spent,
            "limits": self.setup.limited(),
            "left": self.left,
            "workers": self.setup.workers,
            "finished": self.finished,
            "answer": asdict(self.answer) if self.answer is not None else None,
            "why": self.why,
            "test": self.test,
        }

    def _trial(self, trial: Trial) -> dict[str, Any]:
        """A trial's columns, its top-1 by rung, and how often it failed."""
        scores = {rung: score.val_top1 for rung, score in self.scores.get(trial.id, {}).items()}
        return {**vars(trial), "scores": scores, "failures": self.failures.get(trial.id, 0)}


def read_search(folder: Path) -> SearchRecord:
    """The search of a run folder; nothing is changed, and one that goes on is not disturbed.

    Raises:
        FeatherboneError: as `reading`, and as `featherbone.run_file.read_record`.
    """
    with damage(folder, hint="what its ledger or run.json says is no search; run the same command again"):
        run = read_record(folder)
        with reading(folder) as ledger:
            notes, trials, failures = notes_of(ledger), trials_of(ledger), failures_of(ledger)
            reached = reached_of(ledger)
        scores: dict[int, dict[int, Score]] = {}
        for entry in reached:
            scores.setdefault(entry.trial, {})[entry.rung] = entry.score
        asked = notes.get("asked", {}).get("budget")
        record = SearchRecord(
            run=run,
            setup=setup_of(notes),
            budget=run.limits if asked is None and run is not None else limits_set(asked),
            trials=trials,
            scores=scores,
            failures=failures,
        )
        _ = record.answer, record.left  # what can't be told is damaged
    return record
