"""Samples: inside the budget, close to it, different, and the same again; what can't be met is refused."""

from __future__ import annotations

import re
from functools import cache

import pytest

from featherbone.errors import FeatherboneError
from featherbone.search import Budget, Costs, Design, StageSpace, costs_of, light, sample
from featherbone.search.space import Space


@cache
def cost(design: Design) -> Costs:
    return costs_of(design.graph(classes=10, channels=3))


BUDGETS = [
    (8, Budget(macs=300_000, params=20_000)),
    (32, Budget(macs=12_500_000, params=80_000)),
    (32, Budget(macs=300_000, params=3_000)),  # most structures do not fit even at their narrowest
    (32, Budget(memory=40_000)),
    (16, Budget(size=80_000)),
    (3, Budget(params=2_000)),
]


@pytest.mark.parametrize(("resolution", "budget"), BUDGETS)
def test_samples_fill_the_budget_and_differ(resolution: int, budget: Budget) -> None:
    designs = sample(light(resolution), budget, 5, seed=1, cost=cost)
    assert len(set(designs)) == 5
    for design in designs:
        assert 0.75 < budget.use(cost(design)) <= 1, str(design)


def test_a_larger_sample_begins_with_the_smaller_one_and_another_seed_is_another() -> None:
    budget = Budget(macs=300_000, params=20_000)
    assert sample(light(8), budget, 5, seed=5, cost=cost)[:3] == sample(light(8), budget, 3, seed=5, cost=cost)
    assert not set(sample(light(8), budget, 4, seed=5, cost=cost)) & set(sample(light(8), budget, 4, seed=6, cost=cost))


def test_a_space_that_is_used_up_ends_the_sample() -> None:
    stage = StageSpace(blocks=("standard",), depths=(1,), growth=(1.0,), se=(False,))
    space = Space(name="one", resolution=8, stem_stride=1, stages=(stage,), heads=(0.0,), acts=("relu",), widest=4)
    assert [str(d) for d in sample(space, Budget(params=10**6), 3, seed=0, cost=cost)] == ["r8 | stem w4 | standard w4"]


@pytest.mark.parametrize(
    ("budget", "named", "unnamed"),
    [
        (Budget(macs=300_000, params=150), "parameters are limited to 150", "MACs are limited"),
        (Budget(macs=1_000, params=20_000), "MACs are limited to 1000", "parameters are limited"),
        (Budget(memory=500), "peak memory are limited to 500", "MACs"),
        (Budget(size=500), "model file are limited to 500", "MACs"),
    ],
)
def test_a_refusal_names_what_binds_and_a_budget_that_works(budget: Budget, named: str, unnamed: str) -> None:
    with pytest.raises(FeatherboneError) as refusal:
        sample(light(8), budget, 1, seed=0, cost=cost)
    assert named in refusal.value.sentence
    assert unnamed not in refusal.value.sentence
    limits = {name: int(value) for name, value in re.findall(r"--(\w+) (\d+)", refusal.value.hint)}
    assert limits.keys() == budget.limits().keys()
    assert all(limits[name] >= limit for name, limit in budget.limits().items())  # what did not bind is not tightened
    assert sample(light(8), Budget(**limits), 1, seed=0, cost=cost)  # the nearest budget does work


def test_limits_that_can_be_met_alone_but_not_together_are_said_to_be_so() -> None:
    shallow = StageSpace(blocks=("standard", "inverted_residual t6"), depths=(1,), se=(False,))
    space = Space(name="two", resolution=8, stem_stride=1, stages=(shallow,), heads=(0.0,))
    made_up = {"standard": Costs(macs=10, params=100, memory=1, size=1)}

    def either_or(design: Design) -> Costs:
        return made_up.get(design.stages[0].kind, Costs(macs=100, params=10, memory=1, size=1))

    with pytest.raises(FeatherboneError, match="each limit can be met alone"):
        sample(space, Budget(macs=50, params=50), 1, seed=0, cost=either_or)


@pytest.mark.parametrize("resolution", [2, 4, 15, 28, 63, 64, 224, 299])
def test_the_light_space_suits_every_resolution(resolution: int) -> None:
    for design in sample(light(resolution), Budget(params=40_000), 1, seed=0, cost=cost):
        graph = design.graph(classes=10, channels=3)
        side = graph.input_shapes(graph["head.pool"])[0][1]
        assert min(resolution, 4) <= side <= 19


def test_one_pixel_is_refused() -> None:
    with pytest.raises(FeatherboneError, match="2×2"):
        light(1)
