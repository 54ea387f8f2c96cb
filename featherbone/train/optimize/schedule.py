"""The learning rate and the momentum of every step."""

from __future__ import annotations

import math

from featherbone.train.recipe.recipe import Recipe

# OneCycleLR's defaults in PyTorch and fastai: it begins at 1/25 of the highest rate, and ends at 1/10,000 of that.
ONE_CYCLE_WARMUP = 0.3
ONE_CYCLE_START = 1 / 25
ONE_CYCLE_END = ONE_CYCLE_START / 1e4
ONE_CYCLE_MOMENTUM = 0.1


def learning_rate(recipe: Recipe, step: int, *, steps: int) -> float:
    """The learning rate at a step, counted from 0 over the whole run; an epoch has `steps` of them.

    >>> recipe = Recipe(epochs=3, learning_rate=1.0, schedule="linear", warmup_epochs=1)
    >>> [learning_rate(recipe, step, steps=2) for step in range(6)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]

    It rises in a straight line over the warm-up (arXiv:1706.02677, section 2.2), then:

    - `cosine` falls as arXiv:1608.03983 without restarts, and `linear` in a straight line; both would be 0 at the step
      after the last;
    - `step` is multiplied by `decay` at each of the `milestones`;
    - `exponential` is multiplied by `decay` every `decay_epochs`, in stairs, counted from the start of the run
      (MnasNet, arXiv:1807.11626, section 5: 0.97 every 2.4 epochs; `staircase=True` in its code);
    - `constant` stays.

    `onecycle` (arXiv:1708.07120) is PyTorch's `OneCycleLR`: along half a cosine from 1/25 up, over the warm-up or,
    without one, 30 % of the run, and down to almost nothing.
    """
    return recipe.learning_rate * _share(recipe, step, steps)


def momentum(recipe: Recipe, step: int, *, steps: int) -> float:
    """The momentum at a step: that of the recipe, but for `onecycle`, where it is 0.1 lower when the rate is highest.

    >>> recipe = Recipe(epochs=10, schedule="onecycle", momentum=0.95)
    >>> [round(momentum(recipe, step, steps=1), 3) for step in (0, 2, 9)]
    [0.95, 0.85, 0.95]

    The cycle is arXiv:1803.09820, section 4.3.
    """
    if recipe.schedule != "onecycle":
        return recipe.momentum
    lowest = max(0.0, recipe.momentum - ONE_CYCLE_MOMENTUM)
    return _one_cycle(recipe, step, steps, recipe.momentum, lowest, recipe.momentum)


def _share(recipe: Recipe, step: int, steps: int) -> float:
    warmup, whole = round(recipe.warmup_epochs * steps), recipe.epochs * steps
    if recipe.schedule == "onecycle":
        return _one_cycle(recipe, step, steps, ONE_CYCLE_START, 1.0, ONE_CYCLE_END)
    if step < warmup:
        return (step + 1) / warmup
    if recipe.schedule == "step":
        passed = sum(step >= round(place * steps) for place in recipe.milestones)
        return recipe.decay**passed
    if recipe.schedule == "exponential":
        return float(recipe.decay ** math.floor(step / (recipe.decay_epochs * steps)))
    if recipe.schedule == "constant":
        return 1.0
    way = (step - warmup) / (whole - warmup)
    return (1 + math.cos(math.pi * way)) / 2 if recipe.schedule == "cosine" else 1 - way


def _one_cycle(recipe: Recipe, step: int, steps: int, first: float, middle: float, last: float) -> float:
    """Along half a cosine from `first` to `middle`, which the last step of the warm-up has, and on to `last`."""
    whole = recipe.epochs * steps
    top = max(0, round((recipe.warmup_epochs or ONE_CYCLE_WARMUP * recipe.epochs) * steps) - 1)
    if step < top:
        return _between(first, middle, step / top)
    return _between(middle, last, (step - top) / max(1, whole - 1 - top))


def _between(start: float, end: float, way: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * way)) / 2
