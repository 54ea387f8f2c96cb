"""Which trial was chosen, which are listed, and how much of the budget was used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
        return next((trial for trial in run.trials if trial.id == run.result.trial), None)
    return next((trial for trial in run.ranked if trial.rank.leads), None)


def listed(run: Run) -> list[Trial]:
    """The trials that a page draws and lists, in their order: all, or of very many the best, the fronts, the chosen."""
    if len(run.trials) <= LISTED:
        return list(run.trials)
    fronts = run.answer.fronts.values() if run.answer is not None else ()
    kept = {trial.id for trial in run.ranked[:LISTED]} | {point.trial for front in fronts for point in front}
    winner = chosen(run)
    return [trial for trial in run.trials if trial.id in kept or trial is winner]


def uses(run: Run) -> list[Use]:
    """Each cost of the chosen network beside its limit: multiply-adds, parameters, peak memory, file sizes."""
    trial, result, limits = chosen(run), run.result, run.record.limits
    if trial is None:
        return []
    found = trial if result is None else result
    latency = trial.costs.get("latency") if result is None else result.latency_ms
    int8_size = trial.costs.get("int8_size") if "int8_size" in limits else None
    costs: list[tuple[str, str, Any, Callable[[Any], str]]] = [
        ("multiply-adds", "macs", found.macs, format_count),
        ("parameters", "params", found.params, format_count),
        ("peak memory", "memory", found.peak_memory, format_bytes),
        ("model file", "size", None if result is None else result.file_bytes, format_bytes),
        ("int8 model file", "int8_size", int8_size, format_bytes),
        ("latency when chosen", "latency", latency, "{:.3g} ms".format),
    ]
    return [
        Use(name=name, value=value, limit=limits.get(key), text=write(value), limit_text=write(limits.get(key) or 0))
        for name, key, value, write in costs
        if value is not None
    ]
