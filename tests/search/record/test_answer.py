"""What a search has found: fronts that nothing beats, errors that fit what was drawn, and why this one."""

from __future__ import annotations

import random
import statistics

import pytest

from featherbone.search.record.answer import Scored, answer, front, gap, standard_error
from featherbone.search.record.rows import COLUMNS
from featherbone.search.record.why import why


def designs(number: int, seed: int, *, levels: int = 40) -> list[Scored]:
    """Designs of random costs and scores, of which many are equal."""
    draw = random.Random(seed)
    found = []
    for place in range(1, number + 1):
        rungs = draw.choice([1, 1, 1, 2, 3])
        costs = {cost: float(draw.randrange(1, levels)) for cost in COLUMNS if cost != "latency" or draw.random() < 0.5}
        scores = {rung: draw.randrange(levels) / levels for rung in range(rungs)}
        origin = draw.choice(["zoo", "random", "changed from 1"])
        found.append(
            Scored(id=place, design=f"design {place}", origin=origin, epochs=3**rungs, scores=scores, costs=costs)
        )
    return found


@pytest.mark.parametrize("seed", range(20))
def test_a_front_holds_what_no_other_dominates(seed: int) -> None:
    found = designs(60, seed)
    for cost in COLUMNS:
        known = [each for each in found if cost in each.costs]
        edge = front(found, cost)
        for each in known:
            dominated = any(
                other.costs[cost] <= each.costs[cost]
                and other.top1 >= each.top1
                and (other.costs[cost], other.top1) != (each.costs[cost], each.top1)
                for other in known
            )
            place = [(one.costs[cost], one.top1) for one in edge]
            assert ((each.costs[cost], each.top1) in place) == (not dominated)
        assert [each.costs[cost] for each in edge] == sorted({each.costs[cost] for each in edge})


def test_a_difference_has_the_error_that_drawing_images_gives() -> None:
    draw, images, shares = random.Random(0), 400, (0.8, 0.7)
    behind = []
    for _ in range(400):
        one, other = (sum(draw.random() < share for _ in range(images)) / images for share in shares)
        behind.append(one - other)
    winner, loser = (
        Scored(id=n, design="d", origin="random", epochs=1, scores={0: share}, costs={})
        for n, share in enumerate(shares)
    )
    found = gap(winner, loser, images)
    assert found.standard_errors is not None
    assert found.behind / found.standard_errors == pytest.approx(statistics.stdev(behind), rel=0.1)


@pytest.mark.parametrize("seed", range(10))
def test_ties_are_of_the_winners_rung_and_within_two_errors(seed: int) -> None:
    found = designs(40, seed)
    told = answer(found, winner=None, budget={"macs": 40, "params": 50}, images=200)
    assert told is not None
    best = told.winner
    assert all(each.rung <= best.rung for each in found)
    assert all(each.top1 <= best.top1 for each in found if each.rung == best.rung)
    for each in found:
        error = (standard_error(best.top1, 200) ** 2 + standard_error(each.top1, 200) ** 2) ** 0.5
        near = each.rung == best.rung and best.top1 - each.top1 < 1.96 * error
        assert (each.id in told.tied) == (near and each.id != best.id)
    assert told.binding == max(told.used, key=lambda name: told.used[name])
    assert told.used == {"macs": best.costs["macs"] / 40, "params": best.costs["params"] / 50}
    assert {point.trial for point in told.fronts["macs"] if point.tied} <= {best.id, *told.tied}


def test_a_rival_of_an_earlier_rung_is_compared_where_both_were() -> None:
    winner = Scored(id=1, design="a", origin="random", epochs=9, scores={0: 0.5, 1: 0.9}, costs={"macs": 2})
    early = Scored(id=2, design="b", origin="zoo", epochs=3, scores={0: 0.6}, costs={"macs": 1})
    told = answer([early, winner], winner=None, budget={}, images=100)
    assert told is not None
    assert told.winner is winner
    assert told.second is not None
    assert (told.second.rung, told.second.behind) == (0, pytest.approx(-0.1))
    assert "10.0 points ahead, 1.4 standard errors" in " ".join(why(told, [early, winner]))
    assert told.tied == ()


def test_why_names_what_it_beat_and_what_binds() -> None:
    def one(number: int, top1: float, origin: str, macs: float) -> Scored:
        costs = {"macs": macs, "params": 50.0}
        return Scored(id=number, design=f"d{number}", origin=origin, epochs=9, scores={0: top1}, costs=costs)

    found = [one(1, 0.9, "random", 95), one(2, 0.89, "random", 40), one(3, 0.6, "zoo", 99), one(4, 0.5, "zoo", 9)]
    told = answer(found, winner=1, budget={"macs": 100, "params": 100}, images=1000)
    assert told is not None
    text = " ".join(why(told, found))
    for words in (
        "4 designs were trained",
        "design 1 scored 90.0 % on the 1,000 validation images (± 0.9 points",
        "runner-up, design 2, scored 89.0 %",
        "1.0 points behind, 0.7 standard errors",
        "cannot tell it from design 2 at 95 %: a tie",
        "The limit that binds is multiply-adds: 95.0 % of it is used, against 50 % of parameters",
        "d3 was the best of 2: 60.0 % at rung 0, 30.0 points behind, 16.5 standard errors",
        "design 2: 42 % of the multiply-adds, and 1.0 points less top-1",
    ):
        assert words in text, words
    of_the_zoo = answer(found, winner=3, budget={}, images=1000)
    assert of_the_zoo is not None
    assert "It is a network of the papers" in " ".join(why(of_the_zoo, found))
    assert answer([], winner=None, budget={}, images=10) is None
