"""Whole training steps of one setting, timed."""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from featherbone.train.machine.memory import threads_of
from featherbone.train.machine.setting import Setting
from featherbone.train.optimize.objective import make_objective
from featherbone.train.run.begin import begin
from featherbone.train.run.epochs import epoch_batches
from featherbone.train.run.plan import Plan
from featherbone.train.run.step import make_step
from featherbone.train.transfer.freeze import frozen_nodes, hold

Weights = Mapping[str, Tensor] | None  # to begin with; None are random ones


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What a trial found of one setting."""

    setting: Setting
    images_per_second: float  # from the median step; 0 where none was timed
    steps: int  # that were timed
    reason: str  # why it left the trial; "" for those that stayed to its end


class TimedSteps:
    """A run that is not kept. Once it has failed it does nothing more, and `reason` says why."""

    def __init__(self, plan: Plan, weights: Weights = None) -> None:
        self.setting, self.reason, self.loss = plan.setting, "", math.nan
        self._device, self._images, self._seconds = plan.device, 0, list[float]()
        try:
            objective = make_objective(plan.recipe, plan.dataset)
            self._state = begin(plan, objective, weights)
            hold(self._state.network, frozen_nodes(plan.graph, plan.recipe), plan.recipe, plan.recipe.epochs)
            self._train = make_step(plan, self._state, objective)
        except Exception as error:
            self.reason = _sentence(error)
            return
        # The last epoch is the one with the largest images where their size changes on the way.
        epochs = (epoch_batches(plan, plan.recipe.epochs) for _ in itertools.count())
        self._batches = itertools.chain.from_iterable(epochs)

    @property
    def seconds(self) -> float:
        """Of the fastest step; infinite before the first one that was timed."""
        return min(self._seconds, default=math.inf)

    @property
    def median(self) -> float:
        """Seconds of the median step; infinite before the first one that was timed."""
        return statistics.median(self._seconds) if self._seconds else math.inf

    def step(self, *, timed: bool = True) -> None:
        """Make the next batch and train on it."""
        if self.reason:
            return
        with threads_of(self.setting):
            started = time.perf_counter()
            try:
                images, targets = next(self._batches)
                self._state.step = 0  # the schedule must not run out
                self.loss = self._train(images, targets)
                if self._device.startswith("cuda"):
                    torch.cuda.synchronize(self._device)
            except Exception as error:
                self.leave(_sentence(error))
                return
        self._images = len(images)
        if timed:
            self._seconds.append(time.perf_counter() - started)

    def leave(self, reason: str) -> None:
        """Stop here, and give the memory back."""
        self.reason = reason
        del self._batches, self._train, self._state

    def result(self) -> Tried:
        return Tried(
            setting=self.setting,
            images_per_second=self._images / self.median,
            steps=len(self._seconds),
            reason=self.reason,
        )


def _sentence(error: Exception) -> str:
    """The first line of what went wrong."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
