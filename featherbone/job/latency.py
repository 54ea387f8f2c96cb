"""What a run knows of latencies: learned on this machine when it begins, and kept in its ledger from then on."""

from __future__ import annotations

import json
from pathlib import Path

from featherbone.data import Dataset
from featherbone.data.cache import cache_folder
from featherbone.job.asked import costs_for
from featherbone.measure.environment import cpu_name
from featherbone.measure.kernels.measured import Meter, require_known
from featherbone.measure.kernels.predictor import Predictor
from featherbone.progress import Noticed, Progress, Reading, Step
from featherbone.search.budget import Budget
from featherbone.search.latency_probe import learned
from featherbone.search.latency_rows import DesignLatencies
from featherbone.search.ledger import Ledger
from featherbone.search.reading import NAME, reading
from featherbone.search.space import Space

KEY = "latency"  # in the ledger
FOLDER = "latency"  # in the cache


def latencies_for(
    space: Space, dataset: Dataset, budget: Budget, folder: Path, progress: Progress
) -> DesignLatencies | None:
    """The latencies of a space's designs, where the budget limits them.

    A run that was begun before keeps what it learned then, so that it decides the same, on another machine too.

    Raises:
        FeatherboneError: the runtime is one whose kernels are not known, or is not installed; more threads than cores.
    """
    if budget.latency is None:
        return None
    predictor = _remembered(folder)
    if predictor is None:
        predictor = _learned(space, dataset, budget, progress)
    elif predictor.bench.cpu != cpu_name():
        progress(
            Noticed(
                sentence=f"the run goes on with the latencies of {predictor.bench}; this machine has {cpu_name()}, and "
                "what is measured from here on is measured on it"
            )
        )
    return DesignLatencies(space, classes=len(dataset.classes), channels=dataset.channels, predictor=predictor)


def remember_latencies(ledger: Ledger, latencies: DesignLatencies | None) -> None:
    """Keep in the ledger what the run decides by."""
    if latencies is not None and ledger.recall(KEY) is None:
        ledger.remember(KEY, latencies.predictor.to_json())


def _remembered(folder: Path) -> Predictor | None:
    if not (folder / NAME).is_file():
        return None
    with reading(folder) as ledger:
        row = ledger.execute("SELECT value FROM run WHERE key = ?", (KEY,)).fetchone()
    return None if row is None else Predictor.from_json(json.loads(row["value"]))


def _learned(space: Space, dataset: Dataset, budget: Budget, progress: Progress) -> Predictor:
    assert budget.latency is not None
    require_known(budget.latency.runtime)
    progress(Step(name="latency", detail=f"{budget.latency.runtime} on this machine"))

    def said(what: str, done: int, total: int) -> None:
        progress(Reading(what=f"timing {what}", done=done, total=total, unit=what))

    with Meter(cache_folder(None) / FOLDER, threads=budget.latency.threads) as meter:
        if meter.store.damaged:
            progress(
                Noticed(
                    sentence=f"{meter.store.damaged} lines of {meter.store.path} are damaged; what they held is "
                    "measured again"
                )
            )
        return learned(costs_for(space, dataset), budget, meter, said)
