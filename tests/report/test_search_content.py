"""What is left of a search's limits stands in tiles while it goes on."""

from __future__ import annotations

from dataclasses import replace

from small_search import RESULT, small_search

from featherbone.report.search_content import search_content, standing
from featherbone.search.record.rows import Setup


def test_what_is_left_is_told_with_its_share() -> None:
    (tile,) = standing(small_search())  # 10, 20 and 20 seconds by two workers, of 100
    assert tile == {"name": "time left", "text": "1:15 min", "note": "of 1:40 min", "share": 0.25}
    trials = Setup(limits={"trials": 12, "epochs": None}, workers=1)
    (tile,) = standing(small_search(setup=trials))
    assert tile == {"name": "trials left", "text": "9", "note": "of 12", "share": 0.25}


def test_nothing_is_left_to_tell_of_a_finished_search_nor_of_one_not_begun() -> None:
    assert standing(small_search(result=RESULT)) == []
    assert standing(small_search(trials=(), scores={})) == []


def test_what_was_drawn_is_told_from_what_was_tried() -> None:
    content = search_content(small_search())
    assert (content["drawn"], content["tried"]) == (4, 3)
    assert content["trial"].id == 2
    assert content["graph"].inputs[0].shape == (1, 8, 8)
    assert search_content(small_search(result=replace(RESULT, trial=99)))["graph"] is None
