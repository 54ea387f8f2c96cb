"""What a search is asked for: what decides its result."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from featherbone.data import Dataset
from featherbone.quantities import QUANTITIES
from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.costs.budget import Budget
from featherbone.search.costs.file_size import FILE_HEAD
from featherbone.search.costs.latency_limit import LatencyModel
from featherbone.search.schedule.ladder import first_rung, ladder
from featherbone.search.schedule.spending import Limits
from featherbone.search.space.space import Space
from featherbone.train import Recipe

TRIALS = 12
MOST_TRIALS = 100_000  # where something else than their number ends the search


@dataclass(frozen=True, kw_only=True)
class Job:
    """What decides the result."""

    dataset: Dataset
    budget: Budget
    seed: int
    space: Space
    recipe: Recipe
    limits: Limits

    def identity(self) -> dict[str, Any]:
        """All of it as JSON; what must be the same for a run to go on."""
        return {
            "data": self.dataset.fingerprint,
            "budget": self.budget.to_json(),
            "seed": self.seed,
            "limits": asdict(self.limits),
            "space": self.space.to_json(),
            "recipe": self.recipe.to_dict(),
            "rungs": list(self.rungs),
        }

    @property
    def rungs(self) -> tuple[int, ...]:
        """The epochs of each rung."""
        spends_freely = self.limits.seconds is not None or self.limits.epochs is not None
        steps = math.ceil(len(self.dataset.splits["train"].labels) / self.recipe.batch_size)
        first = first_rung(steps, self.recipe.warmup_epochs)
        return ladder(self.recipe.epochs, trials=None if spends_freely else self.limits.trials, first=first)


def costs_for(space: Space, dataset: Dataset, latency: LatencyModel | None = None) -> SpaceCosts:
    """The costs of a space's designs for these images and classes."""
    head = FILE_HEAD + 2 * len(json.dumps(dataset.classes))
    return SpaceCosts(space, classes=len(dataset.classes), channels=dataset.channels, file_head=head, latency=latency)


def limit_words(budget: Budget) -> list[str]:
    """The budget in the name of a folder.

    >>> limit_words(Budget(macs=300_000, params=20_000))
    ['macs300k', 'params20k']
    """
    return [
        f"latency{value:g}ms" if name == "latency" else f"{QUANTITIES[name].flag}{_short(value)}"
        for name, value in budget.limits().items()
    ]


def _short(value: float) -> str:
    """A number for a file name: exact, and short where it is round.

    >>> _short(12_500_000), _short(78_666)
    ('12.5M', '78666')
    """
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= size and value % (size // 10) == 0:
            return f"{value / size:g}{unit}"
    return str(value)
