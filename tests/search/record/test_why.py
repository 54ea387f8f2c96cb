"""What is said of a cut that won."""

from __future__ import annotations

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
