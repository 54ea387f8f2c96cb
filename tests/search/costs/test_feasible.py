"""What fits and what does not: exact, against every design of spaces small enough to look at all of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from random import Random

import numpy as np
import pytest

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.quantities import DESIGNED, name_of
from featherbone.search import Budget, Design, LatencyLimit, Space, SpaceCosts, StageSpace, named_space, sample
from featherbone.search.costs.feasible import fitting
from featherbone.search.costs.least import least
from featherbone.search.space.matrix import CHOICE, column, columns, decode

BLOCKS = (
    "standard",
    "basic",
    "fire t4",
    "bottleneck t4",
    "grouped g8",
    "shuffle_unit t2 g2",
    "inverted_residual t1",
    "inverted_residual t4",
    "ghost t2",
    "depthwise_separable k5",
)


def everything(space: Space) -> np.ndarray:
    """Every row of a small space."""
    widths = range(4, space.widest + 1, 4)
    heads = sorted({width for share in space.heads for width in (widths if share else [0])})
    stages: list[list[tuple[int, int, int]]] = []
    for stage in space.stages:
        options = [
            (number, depth, width)
            for number, choice in enumerate(stage.choices)
            for width in stage.widths_of(choice, space.widest)
            for depth in stage.depths
            if depth
        ]
        stages.append(options + ([(0, 0, 0)] if 0 in stage.depths else []))
    rows = [
        (resolution, 0, stem, head, *itertools.chain(*chosen))
        for resolution in range(len(space.resolutions))
        for stem in widths
        for head in heads
        for chosen in itertools.product(*stages)
    ]
    return np.array(rows).reshape(-1, columns(space))


def small_spaces() -> Iterator[tuple[Space, Random]]:
    for seed in range(12):
        rng = Random(seed)

        def stage(rng: Random = rng) -> StageSpace:
            return StageSpace(
                blocks=tuple(rng.sample(BLOCKS, 3)),
                depths=tuple(rng.choice([(1, 2), (0, 1), (2, 3), (0, 2)])),
                stride=rng.choice([1, 2]),
                se=rng.choice([(False,), (True,), (False, True)]),
            )

        yield (
            Space(
                name=f"small{seed}",
                resolutions=rng.choice([(9, 8), (12,)]),
                stem_stride=rng.choice([1, 2]),
                stages=(stage(), stage()),
                heads=rng.choice([(0.0,), (2.0,), (0.0, 1.0)]),
                acts=("relu",),
                widest=rng.choice([8, 12, 16]),
            ),
            rng,
        )


@pytest.mark.parametrize(("space", "rng"), list(small_spaces()), ids=lambda value: getattr(value, "name", ""))
def test_the_least_of_a_space_is_the_least_of_all_of_its_designs(space: Space, rng: Random) -> None:
    costs = SpaceCosts(space, classes=3, channels=1)
    rows = everything(space)
    found = costs.of_rows(rows)
    for _ in range(6):
        names = rng.sample(DESIGNED, rng.randint(1, 3))
        limits = {name: max(1, int(rng.uniform(0.3, 1.5) * getattr(found, name).min())) for name in names}
        budget = Budget(**limits)
        best = costs.use(rows, budget).min()
        answer = least(costs, budget)
        assert costs.use(answer.row[None], budget)[0] == pytest.approx(best, rel=1e-12), budget
        assert answer.alone == {name: getattr(found, name).min() for name in budget.limits()}
        assert (rows == answer.row).all(axis=1).any()
        if best <= 1:
            assert costs.fits(fitting(costs, budget)[None], budget)[0]
        else:
            refused(costs, budget)


def refused(costs: SpaceCosts, budget: Budget) -> FeatherboneError:
    """The refusal of a budget; the one that it calls the nearest works, and loosens only what it must."""
    with pytest.raises(FeatherboneError) as refusal:
        sample(costs, budget, 1, seed=0)
    limits = {name_of(name): int(value) for name, value in re.findall(r"--([\w-]+) (\d+)", refusal.value.hint)}
    assert limits.keys() == budget.limits().keys()
    assert all(limits[name] >= limit for name, limit in budget.limits().items())
    assert any(limits[name] > limit for name, limit in budget.limits().items())
    assert sample(costs, Budget(**limits), 1, seed=0)
    return refusal.value


@pytest.mark.parametrize(
    ("budget", "named", "unnamed"),
    [
        (Budget(macs=300_000, params=150), "parameters are limited to 150", "MACs are limited"),
        (Budget(macs=1_000, params=20_000), "MACs are limited to 1000", "parameters are limited"),
        (Budget(peak_memory=500), "peak memory are limited to 500", "MACs"),
        (Budget(size=500), "model file are limited to 500", "MACs"),
        (Budget(int8_size=500, params=10**6), "int8 model file are limited to 500", "MACs"),
    ],
)
def test_a_refusal_names_what_binds_the_smallest_design_and_a_budget_that_works(
    budget: Budget, named: str, unnamed: str
) -> None:
    costs = SpaceCosts(named_space("light", (8,)), classes=10, channels=3)
    refusal = refused(costs, budget)
    assert named in refusal.sentence
    assert unnamed not in refusal.sentence
    text = re.search(r"the smallest design is (r8 \|.*) with \d", refusal.sentence)
    assert text is not None
    assert costs.of([Design.parse(text[1])])


def test_limits_that_can_be_met_alone_but_not_together_are_said_to_be_so() -> None:
    # Left out, the first stage spares parameters; in its place, it halves the map for the second.
    first = StageSpace(blocks=("standard",), depths=(0, 1), se=(False,), stride=2)
    second = StageSpace(blocks=("standard",), depths=(1,), se=(False,), widths=(16,))
    space = Space(name="two", resolutions=(16,), stem_stride=1, stages=(first, second), heads=(0.0,), widest=16)
    costs = SpaceCosts(space, classes=2, channels=1)
    found = costs.of_rows(everything(space))
    budget = Budget(params=int(found.params.min()), macs=int(found.macs.min()))
    assert not costs.fits(everything(space), budget).any()
    assert "each limit can be met alone, but not all of them together" in refused(costs, budget).sentence


class Linear:
    """A latency model: a microsecond for each channel of a stage."""

    runtime, threads, margin = "onnxruntime", 1, 0.0

    def __init__(self, space: Space) -> None:
        self.space = space

    def milliseconds(self, rows: np.ndarray) -> np.ndarray:
        return np.array([self.of(design) for design in decode(self.space, rows)])

    def of(self, design: Design) -> float:
        return sum(stage.width * stage.depth for stage in design.stages) / 1000

    def of_graph(self, graph: Graph) -> float:
        return sum(int(node.shape[0]) for node in graph.nodes if node.operator.kind == "conv") / 1000


def test_a_latency_limit_is_kept_by_the_model_at_hand_and_refused_without_one() -> None:
    space = named_space("resnet", (16,))
    limit = LatencyLimit(ms=0.05, runtime="onnxruntime", threads=1)
    budget = Budget(params=50_000, latency=limit)
    known = SpaceCosts(space, classes=2, channels=1, latency=Linear(space))
    designs = sample(known, budget, 20, seed=0)
    assert len(designs) == 20
    assert max(map(Linear(space).of, designs)) <= 0.05
    assert np.mean(list(map(Linear(space).of, designs))) > 0.03
    with pytest.raises(FeatherboneError, match=r"limited to 0\.05 ms in onnxruntime with 1 thread, but no"):
        sample(SpaceCosts(space, classes=2, channels=1), budget, 1, seed=0)
    with pytest.raises(FeatherboneError, match="in onnxruntime with 2 threads, but no"):
        sample(known, Budget(latency=LatencyLimit(ms=1, threads=2)), 1, seed=0)
    with pytest.raises(FeatherboneError, match=r"up to .* ms \(the nearest budget that works is --latency"):
        sample(known, Budget(latency=LatencyLimit(ms=0.001)), 1, seed=0)


class Odd(Linear):
    """A latency model: a millisecond, and one more for each stage whose block is not the last of its choices."""

    def milliseconds(self, rows: np.ndarray) -> np.ndarray:
        last = [len(stage.choices) - 1 for stage in self.space.stages]
        chosen = rows[:, [column(place, CHOICE) for place in range(len(last))]]
        return 1.0 + (chosen != last).sum(axis=1)


@pytest.mark.parametrize("stages", [1, 4])
def test_the_fastest_design_is_looked_for_part_by_part(stages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No random design has the one block in every stage that is fast, and none of fewer parts is much faster."""
    monkeypatch.setattr("featherbone.search.costs.feasible.DRAWN", 1)
    stage = StageSpace(blocks=BLOCKS, depths=(1, 2), stride=1, se=(False,))
    space = Space(
        name="odd",
        resolutions=(9, 8),
        stem_stride=1,
        stages=(stage,) * stages,
        heads=(0.0, 2.0),
        acts=("relu",),
        widest=16,
    )
    costs = SpaceCosts(space, classes=3, channels=1, latency=Odd(space))
    found = fitting(costs, Budget(latency=LatencyLimit(ms=1.0)))
    assert [found[column(place, CHOICE)] for place in range(stages)] == [len(stage.choices) - 1] * stages
    with pytest.raises(FeatherboneError, match=r"predicted to take up to 1 ms .* --latency 1ms"):
        fitting(costs, Budget(latency=LatencyLimit(ms=0.5)))
