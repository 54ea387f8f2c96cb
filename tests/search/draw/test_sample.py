"""Samples: inside the budget, close to it, different, spread, and the same again."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from featherbone.errors import FeatherboneError
from featherbone.search import Budget, Space, SpaceCosts, StageSpace, costs_of, named_space, sample
from featherbone.search.space.matrix import encode


@cache
def light(*resolutions: int) -> SpaceCosts:
    return SpaceCosts(named_space("light", resolutions), classes=10, channels=3)


BUDGETS = [
    ((8,), Budget(macs=300_000, params=20_000)),
    ((32, 28, 24), Budget(macs=12_500_000, params=80_000)),
    ((32, 28, 24), Budget(macs=300_000, params=3_000)),  # most structures do not fit even at their narrowest
    ((32, 28, 24), Budget(peak_memory=40_000)),
    ((16,), Budget(size=80_000)),
    ((16,), Budget(int8_size=30_000)),
    ((3,), Budget(params=2_000)),
]


@pytest.mark.parametrize(("resolutions", "budget"), BUDGETS)
def test_samples_fill_the_budget_differ_and_are_spread(resolutions: tuple[int, ...], budget: Budget) -> None:
    costs = light(*resolutions)
    designs = sample(costs, budget, 200, seed=1)
    assert len(set(designs)) == 200
    for design in designs[:10]:
        assert not budget.breaches(costs_of(design.graph(classes=10, channels=3)))
    used = costs.use(encode(costs.space, designs), budget)
    assert used.max() <= 1
    assert np.percentile(used, 10) > 0.8
    kinds = Counter(stage.kind for design in designs for stage in design.stages)
    assert len(kinds) == len(costs.space.kinds()) > 15
    assert kinds.most_common(1)[0][1] < 0.2 * kinds.total()
    assert {design.resolution for design in designs} == set(resolutions)
    assert {stage.se for design in designs for stage in design.stages} == {False, True}
    assert {design.stem.act for design in designs} == {"relu", "hard_swish"}


def test_a_larger_sample_begins_with_the_smaller_one_and_another_seed_is_another() -> None:
    budget = Budget(macs=300_000, params=20_000)
    assert sample(light(8), budget, 300, seed=5)[:3] == sample(light(8), budget, 3, seed=5)
    assert not set(sample(light(8), budget, 40, seed=5)) & set(sample(light(8), budget, 40, seed=6))


def test_a_space_that_is_used_up_ends_the_sample() -> None:
    stage = StageSpace(blocks=("standard",), depths=(1,), growth=(1.0,), se=(False,))
    space = Space(name="one", resolutions=(8,), stem_stride=1, stages=(stage,), heads=(0.0,), acts=("relu",), widest=4)
    costs = SpaceCosts(space, classes=2, channels=1)
    assert [str(d) for d in sample(costs, Budget(params=10**6), 3, seed=0)] == ["r8 | stem w4 | standard w4"]


def test_widths_keep_to_those_that_a_stage_lists() -> None:
    stages = (
        StageSpace(blocks=("basic", "fire t2"), widths=(8, 24, 40)),
        StageSpace(blocks=("inverted_residual t3",), stride=2, widths=(20, 64), depths=(0, 2)),
    )
    space = Space(name="lists", resolutions=(12,), stem_stride=1, stages=stages, widest=64)
    costs = SpaceCosts(space, classes=2, channels=1)
    designs = [d for limit in (3_000, 20_000, 90_000) for d in sample(costs, Budget(params=limit), 50, seed=0)]
    assert {stage.width for design in designs for stage in design.stages} == {8, 24, 40, 20, 64}
    for design in designs:
        assert design.stages[0].width in (8, 24, 40)
        assert all(stage.width in (20, 64) and stage.depth == 2 for stage in design.stages[1:])
    assert {len(design.stages) for design in designs} == {1, 2}


@pytest.mark.parametrize("resolution", [2, 4, 15, 28, 63, 64, 224, 299])
def test_the_light_space_suits_every_resolution(resolution: int) -> None:
    for design in sample(light(resolution), Budget(params=40_000), 1, seed=0):
        graph = design.graph(classes=10, channels=3)
        side = graph.input_shapes(graph["head.pool"])[0][1]
        assert min(resolution, 4) <= side <= 19


def test_one_pixel_is_refused() -> None:
    with pytest.raises(FeatherboneError, match="2×2"):
        named_space("light", (1,))
