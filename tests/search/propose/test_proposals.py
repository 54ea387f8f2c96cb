"""Proposals: within the budget, never twice, determined by scores and seed, better than chance where they can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from featherbone.cost import count
from featherbone.progress import silent
from featherbone.search import (
    Budget,
    Design,
    Entry,
    Limits,
    Score,
    Space,
    SpaceCosts,
    StageSpace,
    named_space,
    open_ledger,
    search,
)
from featherbone.search.costs.effort import effort
from featherbone.search.draw.sample import sample
from featherbone.search.executors import InProcess, Task, Tell
from featherbone.search.propose.children import Changes
from featherbone.search.propose.features import Features
from featherbone.search.propose.first_designs import EXAMPLES, example, promising
from featherbone.search.propose.prior import Prior
from featherbone.search.propose.proposals import Proposals
from featherbone.search.record.rows import Trial
from featherbone.search.schedule.board import Board, RungJob
from featherbone.search.space.matrix import CHOICE, column, decode, encode

BUDGET = Budget(macs=12_500_000, params=80_000)


@pytest.fixture(scope="module")
def costs() -> SpaceCosts:
    return SpaceCosts(named_space("light", (32, 24)), classes=10, channels=3)


def quality(text: str) -> float:
    """A landscape: deep networks of inverted residuals with squeeze-and-excitation are the best."""
    design = Design.parse(text)
    blocks = sum(stage.depth for stage in design.stages)
    good = sum(stage.depth for stage in design.stages if stage.kind == "inverted_residual" and stage.se)
    return 0.5 + 0.03 * min(blocks, 8) + 0.2 * good / max(blocks, 1)


def run(
    folder: Path, propose: Callable[[Board, int], Sequence[Entry]], trials: int = 24
) -> tuple[list[str], list[str], float]:
    """A search over the landscape: the designs and origins in order, and the winner's quality."""

    def work(task: Task, tell: Tell) -> Score:
        return Score(epochs=task.epochs, val_top1=quality(task.design), val_loss=1.0, seconds=1.0)

    with open_ledger(folder) as ledger:
        winner = search(
            ledger,
            (2, 6),
            limits=Limits(trials=trials),
            propose=propose,
            executor=InProcess(work, silent),
            progress=silent,
        )
        tried = ledger.trials()
    return [trial.design for trial in tried], [trial.origin for trial in tried], quality(winner.design)


def test_children_fit_the_budget_fill_it_and_look_like_their_parents(costs: SpaceCosts) -> None:
    parents = encode(costs.space, sample(costs, BUDGET, 8, seed=0))
    rows, whose = Changes(costs, BUDGET).children(parents, 500, np.random.default_rng(0))
    assert costs.fits(rows, BUDGET).all()
    assert np.median(costs.use(rows, BUDGET)) > 0.95
    assert (encode(costs.space, decode(costs.space, rows)) == rows).all()
    assert len({str(design) for design in decode(costs.space, rows)}) > 400
    structure = [n for n in range(rows.shape[1]) if n not in Changes(costs, BUDGET)._widths.columns]
    alike = (rows[:, structure] == parents[whose[:, 0]][:, structure]).mean()
    strangers = (rows[:, structure] == parents[np.roll(whose[:, 0], 1)][:, structure]).mean()
    assert alike > strangers + 0.2


def test_a_crossed_child_begins_as_its_first_parent_and_ends_as_its_second(costs: SpaceCosts) -> None:
    parents = encode(costs.space, sample(costs, BUDGET, 8, seed=0))
    rows, whose = Changes(costs, BUDGET).children(parents, 500, np.random.default_rng(0))
    rows, (first, second) = rows[whose[:, 1] >= 0], whose[whose[:, 1] >= 0].T
    kinds = [column(place, CHOICE) for place in range(len(costs.space.stages))]
    assert (rows[:, kinds[0]] == parents[first, kinds[0]]).all()
    assert (rows[:, kinds[-1]] == parents[second, kinds[-1]]).all()


def test_a_design_is_not_crossed_with_itself_but_changed(costs: SpaceCosts) -> None:
    parents = encode(costs.space, sample(costs, BUDGET, 2, seed=0))
    rows, whose = Changes(costs, BUDGET).children(parents, 200, np.random.default_rng(0))
    assert (whose[:, 0] != whose[:, 1]).all()
    assert (whose[:, 1] >= 0).any()
    structure = [n for n in range(rows.shape[1]) if n not in Changes(costs, BUDGET)._widths.columns]
    alone = whose[:, 1] < 0
    unchanged = (rows[alone][:, structure] == parents[whose[alone, 0]][:, structure]).all(axis=1)
    assert unchanged.mean() < 0.5  # a fresh draw may be what the parent has


def test_features_tell_designs_apart(costs: SpaceCosts) -> None:
    rows = encode(costs.space, sample(costs, BUDGET, 300, seed=0))
    features = Features(costs)
    found = features.of(rows)
    assert np.isfinite(found).all()
    assert found.shape == (300, len(features.names))
    assert len(np.unique(found, axis=0)) == 300
    shares = [n for n, name in enumerate(features.names) if name.startswith("share of ")]
    assert np.allclose(found[:, shares].sum(axis=1), 1)


def test_a_search_proposes_nothing_twice_and_depends_on_seed_and_scores_alone(
    costs: SpaceCosts, tmp_path: Path
) -> None:
    first, again, other = (
        run(tmp_path / name, Proposals(costs, BUDGET, seed=seed)) for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first == again
    assert first[0] != other[0]
    designs, origins, _ = first
    assert len(designs) == len(set(designs)) == 24
    assert origins[:4] == ["regular"] * 4
    assert len({Design.parse(design).stages[-1].kind for design in designs[:4]}) == 4
    assert sum(origin.startswith(("changed", "crossed")) for origin in origins) >= 3
    assert [n for n, origin in enumerate(origins) if origin == "random"] == [7, 15, 23]  # one in eight stays random
    rows = encode(costs.space, [Design.parse(design) for design in designs])
    assert costs.fits(rows, BUDGET).all()


def test_learning_finds_better_designs_than_chance(costs: SpaceCosts, tmp_path: Path) -> None:
    def chance(board: Board, number: int) -> Sequence[Entry]:
        known = len(board.trials)
        designs = sample(costs, BUDGET, known + number, seed=seed)[known:]
        found = costs.of(designs)
        return [Entry(design=str(d), origin="random", costs=found.row(n)) for n, d in enumerate(designs)]

    gains = []
    for seed in range(4):
        learned = run(tmp_path / f"learned{seed}", Proposals(costs, BUDGET, seed=seed))[2]
        gains.append(learned - run(tmp_path / f"chance{seed}", chance)[2])
    assert sum(gains) / 4 > 0.02
    assert sum(gain >= 0 for gain in gains) >= 3


def test_the_zoo_comes_first(costs: SpaceCosts, tmp_path: Path) -> None:
    known = sample(costs, BUDGET, 2, seed=9)
    zoo = [Entry(design=str(design), origin="zoo", costs=costs.of([design]).row(0)) for design in known]
    designs, origins, _ = run(tmp_path / "zoo", Proposals(costs, BUDGET, seed=0, zoo=lambda: zoo), trials=12)
    assert origins[:2] == ["zoo", "zoo"]
    assert origins[2].startswith(("changed", "crossed"))
    assert designs[:2] == [str(design) for design in known]


def test_what_takes_too_long_to_train_is_left_out(costs: SpaceCosts, tmp_path: Path) -> None:
    def work_of(design: str) -> int:
        return effort(design, classes=10, channels=3)

    zoo = [
        Entry(design="mobilenet_v2:classes=10", origin="zoo", costs=costs.of(sample(costs, BUDGET, 1, seed=0)).row(0))
    ]
    propose = Proposals(costs, BUDGET, seed=0, zoo=lambda: zoo, longest=120_000)
    designs, origins, _ = run(tmp_path / "short", propose, trials=20)
    assert set(origins) >= {"regular", "random"}
    assert "zoo" not in origins
    assert max(map(work_of, designs)) <= 120_000
    assert max(work_of(str(design)) for design in sample(costs, BUDGET, 20, seed=0)) > 240_000
    none_is_short = Proposals(costs, BUDGET, seed=0, longest=1)
    assert len(run(tmp_path / "long", none_is_short, trials=3)[0]) == 3  # rather than nothing


@pytest.fixture
def nine_scored(costs: SpaceCosts) -> Board:
    """A board of nine designs, of which 2, 5 and 7 are the best."""
    board = Board((2, 6))
    for number, design in enumerate(sample(costs, BUDGET, 9, seed=4), start=1):
        small = {"params": 1, "macs": 1, "peak_memory": 1, "size": 1, "int8_size": 1}
        board.add((Trial(id=number, design=str(design), origin="", **small),))
        board.begin(RungJob(trial=number, rung=0))
        top1 = 0.9 if number in (2, 5, 7) else 0.5
        board.reach(RungJob(trial=number, rung=0), Score(epochs=2, val_top1=top1, val_loss=1.0, seconds=1.0), "paused")
    return board


def test_parents_are_of_the_best_third(costs: SpaceCosts, nine_scored: Board) -> None:
    entries = Proposals(costs, BUDGET, seed=0)(nine_scored, 6)
    parents = {int(word) for entry in entries for word in entry.origin.split() if word.isdigit()}
    assert parents
    assert parents <= {2, 5, 7}


def test_of_equal_guesses_the_less_certain_is_tried(
    costs: SpaceCosts, nine_scored: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = 1.0

    class Unsure:
        """Guesses the same of all designs, and is the less sure the more blocks they have, or the fewer."""

        def __init__(self, *given: object, **named: object) -> None: ...

        def predict(self, features: np.ndarray, **named: object) -> tuple[np.ndarray, np.ndarray]:
            blocks = features[:, list(Features(costs).names).index("blocks")]
            return np.zeros(len(features)), sign * blocks

    monkeypatch.setattr("featherbone.search.propose.proposals.Surrogate", Unsure)
    blocks = {}
    for sign in (1.0, -1.0):
        chosen = [entry for entry in Proposals(costs, BUDGET, seed=0)(nine_scored, 6) if entry.origin != "random"]
        blocks[sign] = np.mean([sum(stage.depth for stage in Design.parse(entry.design).stages) for entry in chosen])
    assert blocks[1.0] > blocks[-1.0]


def test_activations_tell_how_long_a_step_takes_where_multiply_adds_do_not() -> None:
    plain, separable = "r32 | stem w16 | basic w16 d2", "r32 | stem w16 | inverted_residual w16 d2 t6"
    macs = [count(Design.parse(text).graph(classes=10, channels=3)).macs for text in (plain, separable)]
    efforts = [effort(text, classes=10, channels=3) for text in (plain, separable)]
    assert macs[1] < 1.2 * macs[0]
    assert efforts[1] > 5 * efforts[0]


@pytest.mark.parametrize("seed", range(3))
def test_the_example_is_one_of_the_first_and_quicker_than_random_designs(costs: SpaceCosts, seed: int) -> None:
    def took(design: object) -> int:
        return effort(str(design), classes=10, channels=3)

    found = example(costs, BUDGET, epochs=11, seed=seed)
    features, prior = Features(costs), Prior(Features(costs), epochs=11)
    first = promising(costs, BUDGET, features, prior, np.random.default_rng(seed))[:EXAMPLES]
    assert took(found) == min(map(took, first))
    assert Design.parse(found) in first
    assert took(found) < sorted(map(took, sample(costs, BUDGET, 30, seed=seed)))[10]


def test_where_no_design_is_regular_the_example_is_a_random_one() -> None:
    stages = tuple(StageSpace(blocks=("basic",), depths=(depth,)) for depth in (2, 1, 1))  # they shrink
    shrinking = SpaceCosts(Space(name="mine", resolutions=(16,), stem_stride=1, stages=stages), classes=10, channels=1)
    budget, features = Budget(params=20_000), Features(shrinking)
    assert promising(shrinking, budget, features, Prior(features, epochs=11), np.random.default_rng(0)) == ()
    assert Design.parse(example(shrinking, budget, epochs=11, seed=0)).stages[0].depth == 2
