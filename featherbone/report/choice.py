"""Which trial was chosen, which are listed, and how much of the budget was used."""

from __future__ import annotations

from dataclasses import dataclass

from featherbone.quantities import LIMITED, QUANTITIES, Quantity
from featherbone.report.run import LISTED, Run
from featherbone.search.record.rows import Trial


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
        return next((trial for trial in run.search.trials if trial.id == run.result.trial), None)
    return run.search.leader


def listed(run: Run) -> list[Trial]:
    """The trials that a page draws and lists, in their order: all, or of very many the best, the fronts, the chosen."""
    trials, answer = run.search.trials, run.search.answer
    if len(trials) <= LISTED:
        return list(trials)
    fronts = answer.fronts.values() if answer is not None else ()
    kept = {trial.id for trial in run.ranked[:LISTED]} | {point.trial for front in fronts for point in front}
    winner = chosen(run)
    return [trial for trial in trials if trial.id in kept or trial is winner]


def uses(run: Run) -> list[Use]:
    """Each cost of the chosen network beside its limit: multiply-adds, parameters, peak memory, file sizes."""
    trial, result, limits = chosen(run), run.result, run.record.limits
    if trial is None:
        return []
    known: dict[str, float | None] = {**trial.costs, "size": None}  # a design has a bound of it, and no file
    if result is not None:
        known |= {"macs": result.macs, "params": result.params, "peak_memory": result.peak_memory}
        known |= {"size": result.file_bytes, "latency": result.latency_ms}
    if "int8_size" not in limits:
        known["int8_size"] = None
    return [
        _use(QUANTITIES[name], value, limits.get(name)) for name in LIMITED if (value := known.get(name)) is not None
    ]


def _use(quantity: Quantity, value: float, limit: float | None) -> Use:
    name = "latency when chosen" if quantity.name == "latency" else quantity.words
    return Use(name=name, value=value, limit=limit, text=quantity.show(value), limit_text=quantity.show(limit or 0))
