"""When a run ends before its last epoch: a function of its history, so that a resumed run ends at the same place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from featherbone.nn import weights_of
from featherbone.train.recipe.recipe import Recipe
from featherbone.train.run.state import State


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


def keep_best(recipe: Recipe, state: State) -> None:
    """After an epoch: keep its averaged weights where they are the best of a run that may stop early."""
    if recipe.patience and best_epoch(recipe, state.history) == len(state.history):
        state.best = {name: tensor.clone() for name, tensor in weights_of(state.averaged).items()}


def stop_note(recipe: Recipe, history: Sequence[Mapping[str, Any]]) -> str:
    """A sentence where a run stops before its last epoch, otherwise nothing.

    >>> losses = [{"val_loss": loss} for loss in (0.9, 0.5, 0.5, 0.6)]
    >>> stop_note(Recipe(epochs=9, patience=2), losses)
    'stopped after epoch 4 of 9: val_loss was best in epoch 2 (0.5), whose weights are kept'
    """
    if not is_over(recipe, history) or len(history) >= recipe.epochs:
        return ""
    best = best_epoch(recipe, history)
    value = history[best - 1][recipe.monitor]
    return (
        f"stopped after epoch {len(history)} of {recipe.epochs}: {recipe.monitor} was best in epoch {best} "
        f"({value:.4g}), whose weights are kept"
    )
