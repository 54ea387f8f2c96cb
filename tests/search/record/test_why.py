"""What is said of a cut that won."""

from __future__ import annotations

from dataclasses import replace

from featherbone.search.record.answer import Scored, answer
from featherbone.search.record.why import why


def scored(number: int, origin: str, *top1: float) -> Scored:
    costs = {"macs": 1000.0 + number, "params": 10.0}
    return Scored(id=number, design="", origin=origin, epochs=2, scores=dict(enumerate(top1)), costs=costs, loss=1.0)


def sentences(*designs: Scored) -> str:
    found = answer(list(designs), winner=designs[0].id, budget={"macs": 2000}, images=100)
    assert found is not None
    return " ".join(why(found, designs))


def test_a_cut_is_held_against_the_best_from_nothing_where_both_were() -> None:
    said = sentences(scored(1, "cut", 0.7, 0.9), scored(2, "cut", 0.6), scored(3, "random", 0.3), scored(4, "zoo", 0.5))
    assert (
        "It is a cut of a pretrained network: the best of 2 designs from nothing, design 4, scored 50.0 % at rung 0, "
        "where it had 70.0 %." in said
    )


def test_a_cut_without_others_and_a_design_from_nothing_say_no_more() -> None:
    assert "It is a cut of a pretrained network." in sentences(scored(1, "cut", 0.7, 0.9))
    assert "a cut of" not in sentences(scored(1, "random", 0.7, 0.9), scored(2, "cut", 0.6))


def costing(number: int, macs: float, top1: float) -> Scored:
    each = scored(number, "random", top1)
    return replace(each, costs={"macs": macs, "params": 10.0})


def test_a_cheaper_design_is_named_where_it_saves_something() -> None:
    best, little, much = costing(1, 1000, 0.8), costing(2, 970, 0.79), costing(3, 500, 0.75)
    told = "The next cheaper on the Pareto front is design"
    assert f"{told} 3: 50 % of the multiply-adds, and 5.0 points less top-1, after 2 epochs." in sentences(
        best, little, much
    )
    assert told not in sentences(best, little), "three percent are not worth a word"
    assert told not in sentences(best, costing(2, 1500, 0.85)), "nothing is cheaper"
    assert told not in sentences(best, costing(2, 500, 0.85)), "what is cheaper and better is no step down"


def test_the_limits_stand_with_what_is_used_of_them() -> None:
    assert "The limit that binds is multiply-adds: 40.0 % of it is used." in sentences(costing(1, 800, 0.8))
    found = answer([costing(1, 800, 0.8)], winner=1, budget={"macs": 2000, "params": 20}, images=100)
    assert found is not None
    said = " ".join(why(found, [costing(1, 800, 0.8)]))
    assert "The limit that binds is parameters: 50.0 % of it is used, against 40 % of multiply-adds." in said


def test_a_runner_up_is_a_tie_where_the_images_cannot_tell() -> None:
    tied = sentences(costing(1, 1000, 0.8), costing(2, 900, 0.79))
    assert "1.0 points behind, 0.2 standard errors of the difference." in tied
    assert "100 images cannot tell it from design 2 at 95 %: a tie, in which the higher score was taken." in tied
    clear = sentences(costing(1, 1000, 0.9), costing(2, 900, 0.5))
    assert "40.0 points behind" in clear
    assert "a tie" not in clear
    many = sentences(*(costing(number, 1000 + number, 0.8) for number in range(1, 10)))
    assert "designs 2, 3, 4, 5, 6, 7 and 2 more at 95 %" in many
