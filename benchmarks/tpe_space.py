"""A design as Optuna draws one: blocks, depths, growth, activation, head and resolution; widths are solved for."""

from __future__ import annotations

from typing import Any

import numpy as np

from featherbone.search import Budget, SpaceCosts
from featherbone.search.draw.widths import Widths, filled
from featherbone.search.space.matrix import ACT, CHOICE, DEPTH, HEAD, RESOLUTION, column, columns, decode


def suggested(trial: Any, costs: SpaceCosts, budget: Budget) -> str | None:
    """The design of an Optuna trial, which fills the budget; None where its structure does not fit."""
    space, widths = costs.space, Widths(costs.space)
    row = np.zeros((1, columns(space)), dtype=np.int64)
    row[0, RESOLUTION] = trial.suggest_int("resolution", 0, len(space.resolutions) - 1)
    row[0, ACT] = trial.suggest_categorical("act", range(len(space.acts)))
    head = trial.suggest_categorical("head", space.heads)
    shares = [1.0]
    for place, stage in enumerate(space.stages):
        choice = trial.suggest_categorical(f"block {place}", range(len(stage.choices)))
        depth = trial.suggest_int(f"depth {place}", min(stage.depths), max(stage.depths))
        growth = trial.suggest_float(f"growth {place}", min(stage.growth), max(stage.growth))
        row[0, column(place, DEPTH)] = depth
        row[0, column(place, CHOICE)] = choice if depth else 0
        shares.append(shares[-1] * (growth if depth else 1))
    row[0, HEAD] = 4 if head else 0
    proportions = np.array([[*shares, shares[-1] * (head or 1)]])
    narrowest = widths.scaled(row, proportions, np.zeros(1))
    narrowest[0, HEAD] = row[0, HEAD]
    if not costs.fits(narrowest, budget)[0]:
        return None
    (design,) = decode(space, filled(costs, widths, narrowest, proportions, budget, np.random.default_rng(0)))
    return str(design)
