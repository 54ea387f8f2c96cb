"""The levels of a layer: what is lost by rounding, weighed against the bits that are saved.

What is lost is Σ_o g_o · e_o · H · e_oᵀ for the error e_o of the weights of output o, where g is how much the answers
depend on that output (its Fisher information) and H the covariance of what the layer reads; a bias makes up for means.
Columns are rounded one after the other, each error passed on to the columns behind it (GPTQ, arXiv:2210.17323), and
then looked at again, one at a time, until nothing changes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from featherbone.pack.rates import Rates
from featherbone.rewrite.mending.descent import compensation, passed_on, swept

SWEEPS = 8  # over all columns, at most
FINE = 0.12  # λ of the step from which the search begins, of g·H·step²: near the best for many bits
RATIO = 2 ** (1 / 3)  # of the steps that are tried
FURTHEST = 18  # steps from the first
FINEST = 2**12  # levels up to the largest weight


@dataclass(frozen=True, kw_only=True)
class RoundingTask:
    """A layer whose weights are to be rounded.

    ``weights``: groups × outputs × columns; ``moments`` H: groups × columns × columns, positive
    definite (``featherbone.rewrite.mending.covariance``); ``importance`` g: groups ×
    outputs, in nats; ``price``: λ, nats that a bit is worth.
    """

    weights: torch.Tensor
    moments: torch.Tensor
    importance: torch.Tensor
    price: float


@dataclass(frozen=True, kw_only=True)
class RoundedWeights:
    """Levels (groups × outputs × columns, whole numbers in float64) and the step that they are multiplied by."""

    levels: torch.Tensor
    step: float

    @property
    def values(self) -> torch.Tensor:
        """The weights that they stand for."""
        return self.levels * self.step


def round_weights(task: RoundingTask) -> RoundedWeights:
    """The levels and the step with the least sum of what is lost and ``price`` times the bits.

    >>> weights = torch.tensor([[[0.9, -2.1, 0.05]]], dtype=torch.float64)
    >>> one = torch.eye(3, dtype=torch.float64)[None]
    >>> task = RoundingTask(weights=weights, moments=one, importance=torch.ones(1, 1).double(), price=1e-6)
    >>> bool((round_weights(task).values - weights).abs().max() < 0.01)
    True
    >>> dear = RoundingTask(weights=weights, moments=one, importance=torch.ones(1, 1).double(), price=9.0)
    >>> int(round_weights(dear).levels.abs().sum())
    0
    """
    factor = compensation(task.moments)
    conditional = factor.diagonal(dim1=1, dim2=2).square().reciprocal()
    scale = float((task.importance[:, :, None] * conditional[:, None, :]).mean())
    largest = float(task.weights.abs().max()) or 1.0
    first = math.sqrt(task.price / FINE / scale) if scale > 0 else largest
    tried: dict[int, tuple[float, torch.Tensor]] = {}

    def step_at(place: int) -> float:
        return float(np.float32(min(max(first * RATIO**place, largest / FINEST), 2 * largest)))

    def cost(place: int) -> float:
        if place not in tried:
            step = step_at(place)
            levels = _passed_on(task, factor, step)
            tried[place] = _cost(task, levels, step), levels
        return tried[place][0]

    place = 0
    while abs(place) < FURTHEST and (best := min((place - 1, place, place + 1), key=cost)) != place:
        place = best
    step = step_at(place)
    return RoundedWeights(levels=_looked_at_again(task, tried[place][1], step), step=step)


def _passed_on(task: RoundingTask, factor: torch.Tensor, step: float) -> torch.Tensor:
    """Each column rounded in turn, what it lacks added to those behind it."""
    places = task.weights / step
    rates = Rates.of(places.round())

    def choose(wanted: torch.Tensor, column: int) -> torch.Tensor:
        weight = task.importance * (step / factor[:, column, column][:, None]) ** 2
        return _chosen(wanted, weight, task.price, rates)

    return passed_on(places, factor, choose)


def _looked_at_again(task: RoundingTask, levels: torch.Tensor, step: float) -> torch.Tensor:
    """Each column chosen anew while the others stay, until nothing changes."""
    places = task.weights / step
    for _ in range(SWEEPS):
        before = levels
        levels = swept(places, before, task.moments, partial(_weighed, task, step, Rates.of(before)))
        if torch.equal(levels, before):
            break
    return levels


def _weighed(task: RoundingTask, step: float, rates: Rates, wanted: torch.Tensor, column: int) -> torch.Tensor:
    own = task.moments[:, column, column][:, None]
    return _chosen(wanted, task.importance * step**2 * own, task.price, rates)


def _chosen(wanted: torch.Tensor, weight: torch.Tensor, price: float, rates: Rates) -> torch.Tensor:
    """Of the two whole numbers around ``wanted`` and 0, that with the least loss and bits."""
    size = wanted.abs()
    below = size.floor()
    best = torch.zeros_like(wanted)
    least = weight * size.square() + price * rates.zero
    for candidate in (below.clamp_min(1), below + 1):
        cost = weight * (candidate - size).square() + price * (rates.one + rates.further * (candidate - 1))
        better = cost < least
        least, best = torch.where(better, cost, least), torch.where(better, candidate, best)
    return torch.where(wanted < 0, -best, best)


def _cost(task: RoundingTask, levels: torch.Tensor, step: float) -> float:
    error = levels * step - task.weights
    lost = (task.importance * ((error @ task.moments) * error).sum(2)).sum()
    return float(lost + task.price * Rates.of(levels).bits(levels).sum())
