"""Which trial was chosen, which came second, what the Pareto front is, and how much of the budget was used."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from featherbone.quantity import format_bytes, format_count
from featherbone.report.run import LISTED, Run, Trial


@dataclass(frozen=True, kw_only=True)
class Use:
    """One limit of the budget and how much of it the chosen network uses; ``limit`` is None where none was set."""

    name: str
    value: float
    limit: float | None
    text: str
    limit_text: str

    @property
    def share(self) -> float:
        return self.value / self.limit if self.limit else 0.0

    @property
    def met(self) -> bool:
        return self.limit is None or self.value <= self.limit


def chosen(run: Run) -> Trial | None:
    """The winner of a finished run; of a running one, the trial that leads."""
    if run.result is not None:
        return run.trial(run.result["trial"])
    return next(iter(run.ranked), None)


def runner_up(run: Run) -> Trial | None:
    """The best trial that was not chosen."""
    winner = chosen(run)
    return next((trial for trial in run.ranked if trial is not winner), None)


def front(trials: Iterable[Trial]) -> list[Trial]:
    """The Pareto front: the trials that no cheaper one equals in top-1, by multiply-adds."""
    found: list[Trial] = []
    scored = [trial for trial in trials if trial.val_top1 is not None]
    for trial in sorted(scored, key=lambda trial: (trial.macs, -(trial.val_top1 or 0))):
        if not found or (trial.val_top1 or 0) > (found[-1].val_top1 or 0):
            found.append(trial)
    return found


def listed(run: Run) -> list[Trial]:
    """The trials that a page draws and lists, in their order: all, or of very many the best, the front, the chosen."""
    if len(run.trials) <= LISTED:
        return list(run.trials)
    kept = {trial.id for trial in [*run.ranked[:LISTED], *front(run.trials)]}
    winner = chosen(run)
    return [trial for trial in run.trials if trial.id in kept or trial is winner]


def uses(run: Run) -> list[Use]:
    """Each cost of the chosen network beside its limit: multiply-adds, parameters, peak memory, file size."""
    trial, result = chosen(run), run.result or {}
    limits = run.facts.get("budget") or {}
    if trial is None:
        return []
    costs = [
        ("multiply-adds", "macs", result.get("macs", trial.macs), format_count),
        ("parameters", "params", result.get("params", trial.params), format_count),
        ("peak memory", "memory", result.get("peak_memory", trial.peak_memory), format_bytes),
        ("model file", "size", result.get("file_bytes"), format_bytes),
    ]
    return [
        Use(name=name, value=value, limit=limits.get(key), text=write(value), limit_text=write(limits.get(key) or 0))
        for name, key, value, write in costs
        if value is not None
    ]


def standard_error(share: float, count: int) -> float:
    """Of a share of ``count`` images, by the binomial distribution.

    >>> round(standard_error(0.9, 100), 3)
    0.03
    """
    return math.sqrt(share * (1 - share) / count) if count else 0.0
