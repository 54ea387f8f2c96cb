"""The sentences of a search's page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_search import RESULT, small_search

from featherbone.report.words import missing, verdict
from featherbone.run_record import Verification

END = ["the test result", "the model files", "the check of the ONNX file", "latency"]


def test_a_search_that_goes_on_names_its_leader() -> None:
    told = verdict(small_search())
    assert (told.tone, told.badge) == ("open", "running")
    assert told.sentence == (
        "3 designs were trained so far. The leader, design 2, gets 80.0 % of the validation images right."
    )
    empty = verdict(small_search(trials=(), scores={}))
    assert (empty.badge, empty.sentence) == ("running", "No design has a score yet.")


@pytest.mark.parametrize("changes", [{}, {"trials": (), "scores": {}}])
def test_a_search_that_was_stopped_says_how_to_go_on(changes: dict[str, object]) -> None:
    told = verdict(small_search(going=False, **changes))
    assert told.badge == "stopped"
    assert told.sentence.endswith(" It was stopped before its end; the same command continues it.")


def test_the_first_of_what_is_wrong_is_said() -> None:
    failed = Verification(passed=False, images=9, top1_agreement=0.5, largest_difference=1.0, reason="it differs")
    wrong = replace(RESULT, verification=failed)
    good = verdict(small_search(result=RESULT, budget={"macs": 2000}))
    assert (good.tone, good.badge) == ("good", "fits the budget")
    assert good.sentence == (
        "A network of 90 parameters and 1.9 k multiply-adds gets 75.0 % of 500 test images right, which it had never "
        "seen. It fits the budget."
    )
    over = verdict(small_search(result=wrong, budget={"macs": 1899, "params": 89}))
    assert (over.tone, over.badge) == ("bad", "over budget")
    assert over.sentence.endswith("It exceeds the limit of multiply-adds and parameters.")
    assert verdict(small_search(result=wrong)).badge == "not verified"


def test_what_is_missing_is_named() -> None:
    assert missing(small_search()) == END
    assert missing(replace(small_search(), histories={1: ()})) == ["learning curves", *END]
    assert missing(replace(small_search(trials=(), scores={}), histories={})) == ["designs", "learning curves", *END]
    waiting = small_search()
    waiting = replace(waiting, search=replace(waiting.search, trials=waiting.search.trials[3:], scores={}))
    assert missing(waiting) == ["scores", *END]
    assert missing(small_search(result=RESULT)) == []
    assert missing(small_search(result=replace(RESULT, timing=None))) == ["latency"]
    assert missing(small_search(result=replace(RESULT, confusion=()))) == ["the confusion matrix"]
