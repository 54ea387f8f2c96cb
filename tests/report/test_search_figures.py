"""The figures of a search hold the numbers of its trials."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_search import RESULT, TRIED, small_search

from featherbone.report.plots import ACCENT, FAINT
from featherbone.report.search_figures import curves, losses, parallel, scatter

FRONT = {"macs": [1000, 1500, 2000], "params": [50, 75, 100], "peak_memory": [1024, 2048]}
TOPS = {"macs": [50.0, 79.0, 80.0], "params": [50.0, 79.0, 80.0], "peak_memory": [50.0, 80.0]}


def test_each_trace_holds_its_designs() -> None:
    figure = scatter(small_search())
    traces = {trace["name"]: trace for trace in figure["data"] if trace.get("visible", True)}
    assert {name: (trace["x"], trace["y"]) for name, trace in traces.items()} == {
        "Pareto front": (FRONT["macs"], TOPS["macs"]),
        "rung 0": ([1000], [50.0]),
        "rung 1": ([2000, 1500], [80.0, 79.0]),
        "leads": ([2000], [80.0]),
    }
    assert traces["Pareto front"]["error_y"]["array"] == pytest.approx([2.5, 2.037, 2.0], abs=1e-3)
    assert traces["rung 0"]["marker"]["size"] < traces["rung 1"]["marker"]["size"]
    assert traces["rung 1"]["text"][0].startswith(
        "<b>design 2: 80.0 %</b> after 4 epochs<br>2.0 k multiply-adds, 100 p"
    )
    assert figure["layout"]["shapes"] == []


def test_a_finished_search_marks_the_chosen_one() -> None:
    chosen = scatter(small_search(result=replace(RESULT, trial=3)))["data"][-1]
    assert (chosen["name"], chosen["x"], chosen["y"]) == ("chosen", [1500], [79.0])


def test_the_cost_whose_limit_binds_is_shown_first_and_each_button_shows_its_own() -> None:
    figure = scatter(small_search(budget={"macs": 8000, "memory": 2500}))
    choices = {choice["label"]: choice for choice in figure["choices"]}
    assert list(choices)[:2] == ["peak memory", "multiply-adds"]
    assert figure["layout"]["xaxis"]["title"]["text"] == "peak memory"
    for place, (label, cost, limit) in enumerate(
        [("peak memory", "peak_memory", 2500), ("multiply-adds", "macs", 8000)]
    ):
        data, layout = choices[label]["data"], choices[label]["layout"]
        seen = [shown for shown, trace in zip(data["visible"], figure["data"], strict=True) if "error_y" in trace]
        assert seen == [number == place for number in range(len(choices))]
        assert all(data["visible"][len(choices) :])
        assert data["x"][place] == FRONT[cost]
        assert data["x"][-1] == [dict(TRIED[1][0].costs)[cost]], "the leader"
        (line,), (word,) = layout["shapes"], layout["annotations"]
        assert line["x0"] == line["x1"] == word["x"] == limit
        assert (line["y0"], line["y1"]) == (0, 1), "over the whole height"
    unlimited = choices["parameters"]["layout"]
    assert unlimited["shapes"] == unlimited["annotations"] == []
    assert scatter(small_search(trials=(), scores={})) is None


def test_the_curve_of_the_answer_lies_before_all_others() -> None:
    others, answer = curves(small_search())["data"]
    assert (answer["name"], answer["x"], answer["y"]) == ("design 2", [1, 2], [70.0, 80.0])
    assert (others["name"], others["x"], others["y"]) == ("others", [1], [50.0])
    assert (answer["line"]["color"], others["line"]["color"]) == (ACCENT, FAINT)
    assert answer["line"]["width"] > others["line"]["width"]
    assert answer["showlegend"]
    assert others["showlegend"]


def test_losses_are_of_the_answer() -> None:
    training, validation = losses(small_search())["data"]
    assert (training["name"], training["x"], training["y"]) == ("training", [1, 2], [1.5, 1.0])
    assert (validation["name"], validation["x"], validation["y"]) == ("validation", [1, 2], [1.75, 1.25])
    assert losses(small_search(result=replace(RESULT, trial=3))) is None, "it has no log"


def test_every_scored_design_is_one_line_over_its_costs() -> None:
    drawn = parallel(small_search())["data"][0]
    assert {axis["label"]: axis["values"] for axis in drawn["dimensions"]} == {
        "parameters": [50, 100, 75],
        "multiply-adds": [1000, 2000, 1500],
        "peak memory, KiB": [1, 2, 3],
        "rung": [0, 1, 1],
        "top-1, %": [50.0, 80.0, 79.0],
    }, "what is the same in all is left out, as is the design without a score"
    assert [axis["tickvals"] for axis in drawn["dimensions"] if "tickvals" in axis] == [[0, 1]]
    assert drawn["line"]["color"] == [50.0, 80.0, 79.0]
    two = small_search(trials=tuple(trial for trial, _ in TRIED[:2]))
    assert parallel(two) is not None
    assert parallel(replace(two, search=replace(two.search, trials=two.search.trials[:1]))) is None
