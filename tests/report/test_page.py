"""What every page holds, put together from its run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_search import RESULT

from featherbone.cost import count
from featherbone.graph import from_json
from featherbone.report.page import _content, render
from featherbone.report.run import read_run
from featherbone.run_record import Timing


@pytest.mark.parametrize("kind", ["search", "training"])
def test_stages_add_up_to_the_network(
    kind: str, make_run: Callable[..., Path], make_training: Callable[..., Path]
) -> None:
    run = read_run(make_run(trials=3) if kind == "search" else make_training(epochs=1))
    leader = run.search.leader
    graph = run.network(leader) if leader is not None else from_json(run.graph)
    assert graph is not None
    content = _content(run)
    for cost in ("params", "macs"):
        assert sum(int(row[cost].replace(",", "")) for row in content["stages"]) == getattr(count(graph), cost)
        assert sum(row[f"{cost}_share"] for row in content["stages"]) == pytest.approx(1)


def test_the_environment_says_what_the_file_was_timed_on(make_run: Callable[..., Path]) -> None:
    run = read_run(make_run(trials=3, finished=True))
    assert run.result is not None
    timing = Timing(p50_ms=1.0, p90_ms=2.0, runs=30, threads=1, cpu="a CPU")
    timed: Any = replace(run, record=replace(run.record, result=replace(run.result, timing=timing)))
    told = _content(timed)["environment"]
    assert told[-2:] == [("latency: cpu", "a CPU"), ("latency: runs", "30")], "the runtime is not known"
    assert ("torch", "2.13.0") in told
    assert ("cores", "2") in told
    untimed = replace(run, record=replace(run.record, result=replace(run.result, timing=None)))
    assert not [name for name, _ in _content(untimed)["environment"] if name.startswith("latency")]


def test_only_a_page_of_a_run_that_goes_on_is_loaded_again(make_run: Callable[..., Path]) -> None:
    run = read_run(make_run(trials=3))
    assert '<meta http-equiv="refresh" content="7">' in render(run, again=7)
    assert 'http-equiv="refresh"' not in render(run, again=None)
    finished = replace(run, record=replace(run.record, result=RESULT))
    assert 'http-equiv="refresh"' not in render(finished, again=7)
