"""Levels that learn begin as they are, and end with fewer bits where these are dear, or less loss where not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from featherbone.graph import image
from featherbone.nn import module, module_with, weights_of
from featherbone.nn.packed.model import Levelled
from featherbone.pack import Levelling
from featherbone.pack.learning import LearningLevels, divergence_at, learning_step
from featherbone.pack.rates import Rates
from featherbone.rewrite import TrainedGraph, fold

X = image(2, 8).conv(6, 3, name="a").norm().act("relu").conv(8, 3, name="b").act("relu").global_pool().flatten()
GRAPH = X.linear(4, name="fc").graph("tiny")
IMAGES = torch.randn(64, 2, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def whole() -> TrainedGraph:
    """A network that is as sure of its answers as a trained one."""
    weights = weights_of(module(GRAPH, seed=0))
    return fold(GRAPH, {**weights, "fc.weight": 300 * weights["fc.weight"]})


@pytest.fixture(scope="module")
def start(whole: TrainedGraph) -> Levelling:
    """Weights cut off towards 0, which is no good rounding."""
    levels = {name: cut_off(tensor) for name, tensor in whole.weights.items()}
    exact = {name: each.tensor() for name, each in levels.items()}
    return Levelling(network=TrainedGraph(whole.graph, exact), levels=levels, plain={})


def cut_off(tensor: torch.Tensor) -> Levelled:
    step = float(np.float32(float(tensor.abs().max()) / 6 or 1.0))
    return Levelled(levels=(tensor / step).trunc().numpy().astype(np.int16), step=step)


def after(start: Levelling, whole: TrainedGraph, price: float, steps: int = 60) -> LearningLevels:
    student, expected = LearningLevels(start, whole), module_with(*whole).eval()
    optimizer = student.optimizer()
    optimizer.param_groups[0]["began"] *= 10  # so few steps would hardly lead from one level to the next
    with torch.no_grad():
        wanted = expected(IMAGES)
    for place in range(steps):
        learning_step(student, optimizer, divergence_at(student(IMAGES), wanted, 1.0), price, 1 - place / steps)
    return student


def lost(found: Levelling, whole: TrainedGraph) -> float:
    with torch.no_grad():
        answers, wanted = (module_with(*each).eval()(IMAGES) for each in (found.network, whole))
    return float(divergence_at(answers, wanted, 1.0))


def bits(found: Levelling) -> float:
    weights = [torch.from_numpy(each.levels) for name, each in found.levels.items() if name.endswith(".weight")]
    return sum(float(Rates.of(each).bits(each).sum()) for each in weights)


def test_it_begins_with_the_levels_that_it_is_given(start: Levelling, whole: TrainedGraph) -> None:
    student = LearningLevels(start, whole)
    again = student.levelling()
    assert all((again.levels[name].levels == each.levels).all() for name, each in start.levels.items())
    for name, tensor in start.network.weights.items():
        assert torch.allclose(again.network.weights[name], tensor, rtol=1e-6, atol=0)
    with torch.no_grad():
        expected = module_with(*start.network).eval()(IMAGES)
        assert torch.allclose(student(IMAGES), expected, rtol=1e-4, atol=1e-6)


def test_what_it_computes_is_what_is_written(start: Levelling, whole: TrainedGraph) -> None:
    student = after(start, whole, price=1e-5)
    found = student.levelling()
    with torch.no_grad():
        assert torch.allclose(student(IMAGES), module_with(*found.network).eval()(IMAGES), rtol=1e-4, atol=1e-6)


def test_bits_that_cost_nothing_leave_a_smaller_loss(start: Levelling, whole: TrainedGraph) -> None:
    assert lost(after(start, whole, price=0.0).levelling(), whole) < 0.5 * lost(start, whole)


def test_a_loss_that_is_no_number_changes_nothing(start: Levelling, whole: TrainedGraph) -> None:
    student = LearningLevels(start, whole)
    nothing = student(IMAGES).sum() * float("nan")
    learning_step(student, student.optimizer(), nothing, price=0.0, left=1.0)
    assert all((student.levelling().levels[name].levels == each.levels).all() for name, each in start.levels.items())


def test_dear_bits_become_fewer(start: Levelling, whole: TrainedGraph) -> None:
    assert bits(after(start, whole, price=1e-2, steps=100).levelling()) < 0.8 * bits(start)


def test_what_is_lost_is_weighed_by_what_is_wanted() -> None:
    answers, wanted = torch.tensor([[0.0, 3.0, 1.0]]), torch.tensor([[2.0, 0.0, 0.0]])
    p, q = (torch.softmax(each / 4.0, 1) for each in (wanted, answers))
    expected = float((p * (p / q).log()).sum())
    assert float(divergence_at(answers, wanted, 4.0)) == pytest.approx(expected, rel=1e-5)
    assert float(divergence_at(wanted, answers, 4.0)) != pytest.approx(expected, rel=1e-2)
