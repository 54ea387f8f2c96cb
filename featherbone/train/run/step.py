"""One step of training."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from featherbone.kernels.fused import fused
from featherbone.train.machine.memory import threads_of
from featherbone.train.optimize.average import MovingAverage
from featherbone.train.optimize.objective import Objective
from featherbone.train.optimize.optimizer import set_rates
from featherbone.train.optimize.schedule import learning_rate, momentum
from featherbone.train.run.epochs import batch_of, steps_of
from featherbone.train.run.finite import require_finite
from featherbone.train.run.plan import Plan
from featherbone.train.run.randomness import seed_network
from featherbone.train.run.resolution import resized, side_at
from featherbone.train.run.state import State

Step = Callable[..., float]  # of images, targets and, where the objective has answers, those
Rates = Callable[[int], tuple[float, float]]


class Loss(nn.Module):
    """Images and targets → the loss: one module, so that what wraps a network wraps all of its step."""

    def __init__(self, network: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.network, self.own, self._loss = network, objective.module, objective.loss

    def forward(self, side: int, images: Tensor, *others: Tensor) -> Tensor:
        return self._loss(lambda given: self.network(resized(given, side)), images, *others)


def together(loss: Loss, plan: Plan) -> nn.Module:
    """The loss, whose gradients are the mean over all processes."""
    if plan.processes.count == 1:
        return loss
    here = torch.device(plan.device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the new name of broadcast_buffers is younger than torch 2.6
        return DistributedDataParallel(
            loss,
            device_ids=[here] if here.type == "cuda" else None,
            broadcast_buffers=False,  # running statistics are of the whole batch, and so the same everywhere
            find_unused_parameters=plan.recipe.freeze != "none",  # which is unused changes when they are set free
        )


def recipe_rates(plan: Plan) -> Rates:
    """The learning rate and momentum at a step, counted from 0 over the whole run, as the recipe has them."""
    recipe, steps = plan.recipe, steps_of(plan)
    return lambda step: (learning_rate(recipe, step, steps=steps), momentum(recipe, step, steps=steps))


def make_step(plan: Plan, state: State, objective: Objective, *, rates: Rates | None = None) -> Step:
    """A function that trains `state` on its next batch and returns the loss; `rates` takes the place of the recipe's.

    Raises `FeatherboneError`, before anything is changed, where the loss is not finite.
    """
    recipe, setting, optimizer, scaler = plan.recipe, plan.setting, state.optimizer, state.scaler
    steps, batch, count = steps_of(plan), batch_of(plan), plan.processes.count
    average = MovingAverage(state.averaged, state.network, recipe.ema_decay)
    rates = rates or recipe_rates(plan)
    parameters = [parameter for _, parameter in state.named_parameters()]
    network = fused(state.network) if setting.fused else state.network
    compute: Callable[..., Tensor] = together(Loss(network, objective), plan)
    compute = torch.compile(compute) if setting.compiled else compute
    kind = torch.device(plan.device).type
    low = None if setting.precision == "float32" else getattr(torch, setting.precision)

    @threads_of(setting)
    def step(*batch_here: Tensor) -> float:
        behind = (state.epoch - 1) * steps + state.step
        rate, momentum_now = rates(behind)
        set_rates(optimizer, rate, momentum_now)
        seed_network(plan.seed, state.epoch, state.step, rank=plan.processes.rank)
        given = [tensor.to(plan.device, non_blocking=True) for tensor in batch_here]
        with torch.autocast(kind, dtype=low, enabled=low is not None):
            loss = compute(side_at(recipe, state.epoch, plan.dataset.resolution), *given)
        loss = loss * (len(given[0]) / batch)  # this process's share of the mean
        value = plan.processes.sum(float(loss.detach()))
        place = f"in step {state.step + 1} of epoch {state.epoch}"
        require_finite(value, place, recipe, setting, rate=rate, first=behind == 0)
        optimizer.zero_grad()
        ((loss * count) if scaler is None else scaler.scale(loss * count)).backward()  # type: ignore[no-untyped-call]
        if scaler is not None:
            scaler.unscale_(optimizer)
        if recipe.clip:
            nn.utils.clip_grad_norm_(parameters, recipe.clip)
        if scaler is None:
            optimizer.step()
        else:
            scaler.step(optimizer)
            scaler.update()
        average.update(behind)
        state.step += 1
        state.loss += value
        return value

    return step
