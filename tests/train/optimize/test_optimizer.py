"""Optimizers against their definitions written out, and who gets which rate, momentum and decay."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from train_cases import RECIPE, dataset, network

from featherbone.graph import image
from featherbone.nn import module
from featherbone.train import Recipe, train
from featherbone.train.optimize.optimizer import decayed, make_optimizer, set_rates
from featherbone.train.optimize.rmsprop import RMSprop

RATES = [0.5, 0.5, 0.25, 0.1, 0.1, 0.01]
DECAY = 0.01


def sgd(recipe: Recipe, weight: float, gradients: list[float]) -> float:
    """v ← m·v + g; w ← w - rate·(g + m·v) looks ahead (Sutskever 2013, as PyTorch writes it), else w ← w - rate·v."""
    velocity = 0.0
    for rate, gradient in zip(RATES, gradients, strict=True):
        gradient += DECAY * weight
        velocity = recipe.momentum * velocity + gradient
        weight -= rate * (gradient + recipe.momentum * velocity if recipe.nesterov else velocity)
    return weight


def adamw(recipe: Recipe, weight: float, gradients: list[float]) -> float:
    """arXiv:1711.05101, algorithm 2, the decay multiplied by the rate."""
    first, second = 0.0, 0.0
    for step, (rate, gradient) in enumerate(zip(RATES, gradients, strict=True), start=1):
        weight -= rate * DECAY * weight
        first = recipe.momentum * first + (1 - recipe.momentum) * gradient
        second = 0.999 * second + 0.001 * gradient**2
        away = first / (1 - recipe.momentum**step)
        weight -= rate * away / (math.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return weight


def rmsprop(recipe: Recipe, weight: float, gradients: list[float]) -> float:
    """TensorFlow, ApplyRMSProp: ms ← 0.9·ms + 0.1·g²; mom ← m·mom + rate·g / √(ms + ε); w ← w - mom;"""
    square, velocity = 1.0, 0.0  # the mean square begins at 1
    for rate, gradient in zip(RATES, gradients, strict=True):
        gradient += DECAY * weight
        square = 0.9 * square + 0.1 * gradient**2
        velocity = recipe.momentum * velocity + rate * gradient / math.sqrt(square + recipe.epsilon)
        weight -= velocity
    return weight


@pytest.mark.parametrize(
    ("definition", "recipe"),
    [
        (sgd, Recipe(epochs=1, momentum=0.8)),
        (sgd, Recipe(epochs=1, nesterov=False)),
        (adamw, Recipe(epochs=1, optimizer="adamw", momentum=0.85)),
        (rmsprop, Recipe(epochs=1, optimizer="rmsprop", momentum=0.7, epsilon=0.05)),
        (rmsprop, Recipe(epochs=1, optimizer="rmsprop", momentum=0.0, epsilon=1.0)),
    ],
)
def test_steps_equal_the_definition(definition, recipe: Recipe) -> None:
    graph = image(1, 1).flatten().linear(1, bias=False).graph("one")
    net = module(graph, seed=0).double()
    weight = net.linear.weight
    optimizer = make_optimizer(graph, net, replace(recipe, weight_decay=DECAY))
    start, gradients = weight.item(), [0.3, -1.0, 0.7, 2.0, -0.1, 0.4]
    for rate, gradient in zip(RATES, gradients, strict=True):
        set_rates(optimizer, rate, recipe.momentum)
        weight.grad = torch.full_like(weight, gradient)
        optimizer.step()
    assert weight.item() == pytest.approx(definition(recipe, start, gradients), rel=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adamw"])
def test_every_group_gets_the_rate_and_the_momentum_of_the_step(optimizer: str) -> None:
    graph = image(1, 8).conv(2, 3).norm().global_pool().flatten().linear(2).graph("tiny")
    recipe = Recipe(epochs=1, optimizer=optimizer, momentum=0.5, head_rate=10.0)
    made = make_optimizer(graph, module(graph, seed=0), recipe)
    set_rates(made, 0.25, 0.85)
    assert sorted({group["lr"] for group in made.param_groups}) == [0.25, 2.5]
    given = [group["betas"] if optimizer == "adamw" else group["momentum"] for group in made.param_groups]
    assert set(given) == ({(0.85, 0.999)} if optimizer == "adamw" else {0.85})


def test_rmsprop_leaves_alone_what_has_no_gradient() -> None:
    moved, still = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    moved.grad = torch.ones(2)
    optimizer = RMSprop([moved, still], lr=0.1, momentum=0.9, epsilon=1e-3)
    optimizer.step()
    assert still.equal(torch.ones(2))
    assert list(optimizer.state) == [moved]


def test_the_head_and_what_is_decayed_are_groups_of_their_own() -> None:
    graph, recipe = network(), replace(RECIPE, head_rate=10.0)
    net, hint = module(graph, seed=0), nn.Conv2d(1, 1, 1)
    optimizer = make_optimizer(graph, net, recipe, others=tuple(hint.parameters()))
    set_rates(optimizer, 0.1, 0.5)
    names = {parameter: name for name, parameter in net.named_parameters()}
    names |= {parameter: f"hint.{name}" for name, parameter in hint.named_parameters()}
    found = {
        names[parameter]: (group["lr"], group["weight_decay"], group["momentum"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    assert found.keys() == {*graph.parameters(), "hint.weight", "hint.bias"}
    for name, settings in found.items():
        rate = 1.0 if name.startswith("linear.") else 0.1
        decay = recipe.weight_decay if name in decayed(graph) or name == "hint.weight" else 0.0
        assert settings == (rate, decay, 0.5)


def test_biases_of_grouped_convolutions_are_not_decayed() -> None:
    x = image(4, 8).depthwise(3, bias=True, name="filters").conv(4, 1, groups=2, bias=True, name="halves")
    graph = x.global_pool().flatten().linear(2, name="head").graph("biased")
    assert decayed(graph) == {"halves.weight", "head.weight"}


def test_everything_is_decayed_on_request() -> None:
    optimizer = make_optimizer(network(), module(network(), seed=0), replace(RECIPE, decay_all=True))
    assert [group["weight_decay"] for group in optimizer.param_groups] == [RECIPE.weight_decay]


@pytest.mark.parametrize("optimizer", ["adamw", "rmsprop"])
def test_each_optimizer_learns(tmp_path: Path, optimizer: str) -> None:
    recipe = replace(RECIPE, epochs=8, optimizer=optimizer, learning_rate=0.02, weight_decay=1e-4)
    assert train(network(8), dataset(), recipe, folder=tmp_path, seed=0).val_top1 > 0.7
