"""Designs like the zoo's networks: blocks and depths are theirs, they fill the budget, evolution begins with them."""

from __future__ import annotations

import numpy as np
import pytest

from featherbone.graph.operators import Conv
from featherbone.networks import NETWORKS, network
from featherbone.search import Budget, Design, Score, SpaceCosts, named_space
from featherbone.search.propose.proposals import Proposals
from featherbone.search.propose.zoo_patterns import PATTERNS, alike
from featherbone.search.record.rows import Trial
from featherbone.search.schedule.board import Board, RungJob

BUDGET = Budget(macs=12_500_000, params=80_000)
RESNET8 = "mlperf_tiny_resnet8:width=0.99,resolution=32,classes=10,image_channels=3"


@pytest.fixture(scope="module")
def costs() -> SpaceCosts:
    return SpaceCosts(named_space("light", (32, 24)), classes=10, channels=3)


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_they_fit_and_have_the_block(costs: SpaceCosts, name: str) -> None:
    assert name in NETWORKS
    design = alike(name, costs, BUDGET)
    assert design is not None
    assert {stage.kind for stage in design.stages} == {PATTERNS[name].block.split()[0]}
    found = costs.of([design]).row(0)
    assert found.macs <= BUDGET.macs
    assert found.params <= BUDGET.params
    assert max(BUDGET.uses(found)) > 0.95
    assert design.resolution == 32


def test_resnet8_has_the_convolutions_of_its_design(costs: SpaceCosts) -> None:
    def kernels(graph: object) -> list[tuple[int, int]]:
        return [node.operator.stride for node in graph.nodes if isinstance(node.operator, Conv)]

    design = alike("mlperf_tiny_resnet8", costs, Budget(macs=13_000_000, params=85_000))
    assert design is not None
    theirs = network("mlperf_tiny_resnet8")
    assert sorted(kernels(design.graph(classes=10, channels=3))) == sorted(kernels(theirs))


def test_what_the_space_cannot_say_has_none(costs: SpaceCosts) -> None:
    assert alike("mobilenet_v3_small:width=0.07", costs, BUDGET) is None  # two activations
    grouped = SpaceCosts(named_space("resnext", (32,)), classes=10, channels=3)
    assert alike(RESNET8, grouped, BUDGET) is None
    assert alike(RESNET8, costs, Budget(macs=50_000)) is None  # nothing of it fits


def test_evolution_begins_with_the_zoo(costs: SpaceCosts) -> None:
    board = Board((2, 6))
    board.add(
        (Trial(id=1, design=RESNET8, origin="zoo", params=76_706, macs=12_407_990, peak_memory=1, size=1, int8_size=1),)
    )
    board.begin(RungJob(trial=1, rung=0))
    board.reach(RungJob(trial=1, rung=0), Score(epochs=2, val_top1=0.69, val_loss=1.0, seconds=44.0), "paused")
    entries = Proposals(costs, BUDGET, seed=0)(board, 4)
    assert [entry.origin for entry in entries] == ["changed from 1"] * 2 + ["regular"] * 2
    children = [Design.parse(entry.design) for entry in entries[:2]]
    kinds = np.array([[stage.kind == "basic" for stage in child.stages] for child in children], dtype=object)
    assert all(any(each) for each in kinds)
