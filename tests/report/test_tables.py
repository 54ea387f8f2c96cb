"""The tables of a page say what the ledger holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from small_search import RESULT, small_search

from featherbone.graph import image, scope
from featherbone.report.run import read_run
from featherbone.report.tables import designs, fronts, rungs, stages


def test_of_each_rung_those_went_on_that_reached_the_next(make_run: Callable[..., Path]) -> None:
    rows = rungs(read_run(make_run(trials=24)))
    assert [(row["rung"], row["epochs"], row["trials"], row["promoted"]) for row in rows] == [
        (0, 4, 24, 10),
        (1, 12, 10, 3),
        (2, 36, 3, 0),
    ]


def test_a_rung_tells_its_best_its_middle_and_its_time() -> None:
    first, second = rungs(small_search())
    assert (first["best"], first["median"], first["seconds"]) == ("70.0 %", "60.0 %", "30 s")
    assert (second["best"], second["median"], second["seconds"]) == ("80.0 %", "79.5 %", "40 s")


def test_the_answer_stands_first_then_the_best_then_those_without_a_score() -> None:
    assert [row["id"] for row in designs(small_search())] == [2, 3, 1, 4]
    rows = designs(small_search(result=replace(RESULT, trial=3)))
    assert [(row["id"], row["chosen"]) for row in rows] == [(3, True), (2, False), (1, False), (4, False)]
    assert [(row["scores"], row["top1"], row["epochs"]) for row in rows] == [
        (["60.0 %", "79.0 %"], "79.0 %", 4),
        (["70.0 %", "80.0 %"], "80.0 %", 4),
        (["50.0 %", ""], "50.0 %", 2),
        (["", ""], "–", 0),
    ]
    told = ("design", "state", "params", "macs", "memory", "seconds")
    assert [rows[1][key] for key in told] == ["r8 | stem w8", "stopped", "100", "2.0 k", "2.0 KiB", "20 s"]


def test_a_front_says_which_point_is_chosen_and_which_is_as_good() -> None:
    found = fronts(small_search(budget={"memory": 2500}))
    assert [(front["name"], front["limit"], front["binds"]) for front in found][:2] == [
        ("peak memory", "2.4 KiB", True),
        ("multiply-adds", "", False),
    ], "what is limited comes first"
    rows = found[1]["rows"]
    assert [(row["trial"], row["chosen"], row["note"]) for row in rows] == [
        (1, False, ""),
        (3, False, "tied"),
        (2, True, ""),
    ]
    assert [(row["cost"], row["top1"], row["rung"], row["epochs"]) for row in rows] == [
        ("1.0 k", "50.0 % ± 2.5", 0, 2),
        ("1.5 k", "79.0 % ± 2.0", 1, 4),
        ("2.0 k", "80.0 % ± 2.0", 1, 4),
    ]
    assert [front["name"] for front in fronts(small_search()) if front["binds"]] == ["multiply-adds"]


def test_a_stage_sums_its_blocks_and_writes_what_its_last_one_does() -> None:
    x = image(1, 8).conv(4, 3, name="stem")
    with scope("stage1"):
        for number, width in ((1, 8), (2, 2)):
            with scope(f"block{number}"):
                x = x.pointwise(width, name="conv")
    graph = x.graph("small")
    costs = {"stem": (10, 500), "stage1.block1.conv": (20, 200), "stage1.block2.conv": (10, 300)}
    stem, stage = stages(graph, costs)
    assert (stem["stage"], stem["blocks"], stem["writes"]) == ("stem", 1, "4×8×8")
    assert (stage["stage"], stage["blocks"], stage["writes"]) == ("stage1", 2, "2×8×8")
    assert (stage["params"], stage["macs"]) == ("30", "500")
    assert (stage["params_share"], stage["macs_share"]) == pytest.approx((0.75, 0.5))
