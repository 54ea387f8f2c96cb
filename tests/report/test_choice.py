"""Which trial is the answer, and how much of each limit it uses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_search import RESULT, small_search

from featherbone.report.choice import chosen, uses


def test_a_finished_run_names_its_winner_and_one_that_goes_on_its_leader() -> None:
    assert chosen(small_search()).id == 2
    assert chosen(small_search(result=replace(RESULT, trial=3))).id == 3, "though another leads"
    assert chosen(small_search(result=replace(RESULT, trial=99))) is None
    assert chosen(small_search(trials=(), scores={})) is None
    assert uses(small_search(trials=(), scores={})) == []


def test_of_a_running_search_the_design_counts_and_of_a_finished_one_the_network() -> None:
    budget = {"macs": 4000, "memory": 2048}
    running = {use.name: use for use in uses(small_search(budget=budget))}
    assert {name: (use.value, use.limit) for name, use in running.items()} == {
        "multiply-adds": (2000, 4000),
        "parameters": (100, None),
        "peak memory": (2048, 2048),
    }
    assert [running[name].share for name in ("multiply-adds", "parameters", "peak memory")] == [0.5, 0.0, 1.0]
    assert (running["multiply-adds"].text, running["multiply-adds"].limit_text) == ("2.0 k", "4.0 k")
    finished = {use.name: use for use in uses(small_search(budget=budget, result=RESULT))}
    assert {name: use.value for name, use in finished.items()} == {
        "multiply-adds": 1900,
        "parameters": 90,
        "peak memory": 3000,
        "model file": 2048,
    }
    assert [use.met for use in finished.values()] == [True, True, False, True]


@pytest.mark.parametrize(("budget", "shown"), [({}, False), ({"int8_size": 4000}, True)])
def test_the_file_of_integers_is_told_where_it_is_limited(budget: dict[str, float], shown: bool) -> None:
    for result in (None, RESULT):
        names = [use.name for use in uses(small_search(budget=budget, result=result))]
        assert ("int8 model file" in names) is shown


def test_a_limit_on_latency_is_told_by_what_was_measured() -> None:
    limit = {"latency": {"ms": 5.0, "runtime": "onnxruntime", "threads": 1}}
    (use,) = [use for use in uses(small_search(budget=limit, result=replace(RESULT, latency_ms=6.0))) if use.limit]
    assert (use.name, use.value, use.limit, use.met) == ("latency when chosen", 6.0, 5.0, False)
