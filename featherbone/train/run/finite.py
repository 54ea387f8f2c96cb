"""Training that has come apart: a loss that is no number any more, and what to do about it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from featherbone.errors import FeatherboneError
from featherbone.train.machine.setting import Setting
from featherbone.train.recipe.recipe import Recipe

USUAL = {"sgd": 0.1, "adamw": 1e-3, "rmsprop": 0.01}  # learning rates that hardly ever fail
LOST = 10.0  # times the loss of guessing
SAME = 1e-3  # of the loss of guessing: nearer than that is no accident twice


class NotFiniteError(FeatherboneError):
    """The loss became infinite or not a number."""


def require_finite(loss: float, place: str, recipe: Recipe, setting: Setting, *, rate: float, first: bool) -> None:
    """Raise `NotFiniteError` where the loss, with a learning `rate`, became infinite or not a number.

    `place` says when, and `first` that no step was taken before.
    """
    if math.isfinite(loss):
        return
    if first:
        raise NotFiniteError(
            f"the loss is {loss} in the first step, before anything was learned",
            hint="it is not the learning rate: look at the weights that it begins with, and at the loss"
            + _precisely(setting),
        )
    raise NotFiniteError(
        f"the loss became {loss} {place}, at a learning rate of {rate:g}; checkpoints are from before",
        hint=advice(recipe, setting),
    )


def advice(recipe: Recipe, setting: Setting) -> str:
    """What to try where training came apart.

    >>> advice(Recipe(epochs=9, learning_rate=1e6, clip=5), Setting())
    'the learning rate, 1e+06, is most likely too large: try learning_rate 0.1'
    >>> advice(Recipe(epochs=9, learning_rate=0.2), Setting(precision="bfloat16"))
    'the learning rate, 0.2, is most likely too large: try learning_rate 0.05, clip 1, or precision float32'
    """
    rate = recipe.learning_rate
    lower = min(rate / 4, USUAL[recipe.optimizer])
    return (
        f"the learning rate, {rate:g}, is most likely too large: try learning_rate {lower:.3g}"
        + ("" if recipe.clip else ", clip 1")
        + _precisely(setting)
    )


def lost_note(recipe: Recipe, history: Sequence[Mapping[str, Any]], classes: int) -> str:
    """A sentence after the first epoch whose validation loss is far worse than guessing, or twice that of guessing.

    >>> rows = [{"epoch": 1, "val_loss": 2.5}, {"epoch": 2, "val_loss": 1e9}, {"epoch": 3, "val_loss": 1e9}]
    >>> lost_note(Recipe(epochs=3, learning_rate=50.0, clip=5), rows[:2], 10)
    'the validation loss is 1e+09, where guessing has 2.3; the learning rate, 50, is most likely too large: try ...'
    >>> lost_note(Recipe(epochs=3), rows[:1], 10), lost_note(Recipe(epochs=3), rows, 10)
    ('', '')
    >>> dead = [{"epoch": epoch, "val_loss": 2.3026} for epoch in (1, 2, 3)]
    >>> lost_note(Recipe(epochs=9, learning_rate=0.2, clip=5), dead, 10)  # said before
    ''
    >>> lost_note(Recipe(epochs=9, learning_rate=0.2, clip=5), dead[:2], 10)
    'for two epochs the network has done no better than guessing; the learning rate, 0.2, is most likely too large: ...'
    """
    guessing = math.log(max(2, classes))
    losses = [row["val_loss"] for row in history]
    lost = [loss > LOST * guessing for loss in losses]
    if lost and lost[-1] and not any(lost[:-1]):
        found = f"the validation loss is {losses[-1]:.3g}, where guessing has {guessing:.2g}"
        return f"{found}; {advice(recipe, Setting())}"
    dead = [abs(loss - guessing) < SAME * guessing for loss in losses]
    if dead[-2:] == [True, True] and not any(map(all, pairwise(dead[:-1]))):
        return f"for two epochs the network has done no better than guessing; {advice(recipe, Setting())}"
    return ""


def _precisely(setting: Setting) -> str:
    return "" if setting.precision == "float32" else ", or precision float32"
