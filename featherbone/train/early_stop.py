"""When a run ends before its last epoch: a function of its history, so that a resumed run ends at the same place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from featherbone.train.recipe import Recipe


def best_epoch(recipe: Recipe, history: Sequence[Mapping[str, Any]]) -> int:
    """The epoch whose averaged weights are shipped, from 1: the last one, or with `patience` the best so far.

    >>> losses = [{"val_loss": loss} for loss in (0.9, 0.5, 0.5, 0.6)]
    >>> best_epoch(Recipe(epochs=9, patience=3), losses), best_epoch(Recipe(epochs=9), losses)
    (2, 4)

    Of equal epochs the first counts as the best.
    """
    if not recipe.patience:
        return len(history)
    sign = 1 if recipe.monitor == "val_loss" else -1
    return min(range(len(history)), key=lambda place: sign * history[place][recipe.monitor], default=-1) + 1


def is_over(recipe: Recipe, history: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the last epoch is done, or `patience` epochs went by without a better one.

    >>> losses = [{"val_loss": loss} for loss in (0.9, 0.5, 0.5, 0.6)]
    >>> is_over(Recipe(epochs=9, patience=2), losses), is_over(Recipe(epochs=9, patience=3), losses)
    (True, False)
    """
    if len(history) >= recipe.epochs:
        return True
    return bool(recipe.patience) and len(history) - best_epoch(recipe, history) >= recipe.patience
