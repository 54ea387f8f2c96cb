"""Which recipes there are: every field within its range, and none that the others leave without a use."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from featherbone.errors import FeatherboneError, did_you_mean

if TYPE_CHECKING:
    from featherbone.train.recipe.recipe import Recipe

OPTIMIZERS = ("sgd", "adamw", "rmsprop")
SCHEDULES = ("cosine", "linear", "onecycle", "step", "exponential", "constant")
MONITORS = ("val_loss", "val_top1")
MOST_EPOCHS = 100_000


def check_recipe(recipe: Recipe) -> None:
    """Raise `FeatherboneError` with the field, its value and what is allowed."""
    _require("epochs", recipe.epochs, 1 <= recipe.epochs <= MOST_EPOCHS, f"it must be from 1 to {MOST_EPOCHS}")
    _require("batch_size", recipe.batch_size, recipe.batch_size >= 2, "it must be at least 2")
    _optimizer(recipe)
    _schedule(recipe)
    _objective(recipe)
    _extent(recipe)


def _optimizer(recipe: Recipe) -> None:
    _known("optimizer", recipe.optimizer, OPTIMIZERS)
    _require("learning_rate", recipe.learning_rate, 0 < recipe.learning_rate < math.inf, "it must be positive")
    _require("momentum", recipe.momentum, 0 <= recipe.momentum < 1, "it must be from 0 to below 1")
    _require("epsilon", recipe.epsilon, 0 < recipe.epsilon < math.inf, "it must be positive")
    _require("weight_decay", recipe.weight_decay, 0 <= recipe.weight_decay < math.inf, "it must be 0 or more")
    _require("clip", recipe.clip, 0 <= recipe.clip < math.inf, "it must be 0 (off) or more")
    if recipe.optimizer != "rmsprop" and recipe.epsilon != 1e-3:
        _useless("epsilon", recipe.epsilon, f"the optimizer is {recipe.optimizer}", "it belongs to rmsprop")
    if recipe.optimizer != "sgd" and not recipe.nesterov:
        _useless("nesterov", "false", f"the optimizer is {recipe.optimizer}", "it belongs to sgd")
    if recipe.optimizer == "sgd" and recipe.nesterov and recipe.momentum == 0:
        raise FeatherboneError("momentum is 0.0, which leaves Nesterov nothing to look at", hint="nesterov = false")


def _schedule(recipe: Recipe) -> None:
    _known("schedule", recipe.schedule, SCHEDULES)
    fits = 0 <= recipe.warmup_epochs < recipe.epochs
    _require("warmup_epochs", recipe.warmup_epochs, fits, f"it must be from 0 to below the {recipe.epochs} epochs")
    _require("decay", recipe.decay, 0 < recipe.decay <= 1, "it must be above 0 and at most 1")
    _require("decay_epochs", recipe.decay_epochs, 0 < recipe.decay_epochs < math.inf, "it must be positive")
    named = f"the schedule is {recipe.schedule}"
    if recipe.schedule == "step":
        places = recipe.milestones
        rising = list(places) == sorted(set(places)) and all(0 < place < recipe.epochs for place in places)
        if not places or not rising:
            raise FeatherboneError(
                f"milestones is {list(places)}; it must be one or more epochs, rising, between 0 and {recipe.epochs}",
                hint=f"milestones = [{recipe.epochs * 0.5:g}, {recipe.epochs * 0.75:g}]",
            )
    elif recipe.milestones:
        _useless("milestones", list(recipe.milestones), named, "it belongs to step")
    if recipe.schedule not in ("step", "exponential") and recipe.decay != 0.1:
        _useless("decay", recipe.decay, named, "it belongs to step and exponential")
    if recipe.schedule != "exponential" and recipe.decay_epochs != 1:
        _useless("decay_epochs", recipe.decay_epochs, named, "it belongs to exponential")


def _objective(recipe: Recipe) -> None:
    smoothing, weights = recipe.label_smoothing, recipe.class_weights
    _require("label_smoothing", smoothing, 0 <= smoothing < 1, "it must be from 0 to below 1")
    if isinstance(weights, str):
        _known("class_weights", weights, ("none", "balanced"))
        return
    if not weights:
        raise FeatherboneError("class_weights names no class", hint='leave it out, or use "balanced"')
    names = [name for name, _ in weights]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise FeatherboneError(f"class_weights names {twice!r} twice")
    for name, weight in weights:
        _require(f"class_weights.{name}", weight, 0 <= weight < math.inf, "it must be 0 (ignored) or more")


def _extent(recipe: Recipe) -> None:
    _require("ema_decay", recipe.ema_decay, 0 <= recipe.ema_decay < 1, "it must be from 0 to below 1")
    _require("patience", recipe.patience, recipe.patience >= 0, "it must be 0 (off) or more epochs")
    _known("monitor", recipe.monitor, MONITORS)
    _require("head_rate", recipe.head_rate, 0 < recipe.head_rate < math.inf, "it must be positive")
    if isinstance(recipe.freeze, str):
        _known("freeze", recipe.freeze, ("none", "backbone"))
    else:
        _require("freeze", recipe.freeze, recipe.freeze >= 1, 'it must be 1 stage or more, "none" or "backbone"')
    fits = 0 <= recipe.freeze_epochs < recipe.epochs
    allowed = f"it must be from 0 (for good) to below the {recipe.epochs} epochs"
    _require("freeze_epochs", recipe.freeze_epochs, fits, allowed)
    if recipe.freeze == "none" and recipe.freeze_epochs:
        _useless("freeze_epochs", recipe.freeze_epochs, "freeze is none", 'freeze = "backbone", for example')
    epochs = [epoch for epoch, _ in recipe.resolutions]
    rising = epochs == sorted(set(epochs)) and all(1 <= epoch <= recipe.epochs for epoch in epochs)
    if epochs and (epochs[0] != 1 or not rising or any(side < 1 for _, side in recipe.resolutions)):
        raise FeatherboneError(
            f"resolutions is {[list(pair) for pair in recipe.resolutions]}; it must be pairs [epoch, side], "
            f"the first from epoch 1, then rising to at most {recipe.epochs}, each side at least 1",
            hint=f"resolutions = [[1, 128], [{max(2, recipe.epochs // 2)}, 224]]",
        )


def _require(name: str, value: float, holds: bool, allowed: str) -> None:
    if not holds:
        raise FeatherboneError(f"{name} is {value}; {allowed}")


def _known(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise FeatherboneError(f"{name} is {value!r}; known: {', '.join(known)}", hint=did_you_mean(value, known))


def _useless(name: str, value: object, because: str, hint: str) -> None:
    raise FeatherboneError(f"{name} is {value} but {because}, which does not use it", hint=hint)
