"""At which resolutions a network is cut, and how a budget is handed to a cut."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image
from featherbone.job.pretrained.cuts import PROVENANCE, _first, limits_of, resolutions_of
from featherbone.job.pretrained.possible import sides_of
from featherbone.networks import network
from featherbone.search import Budget
from featherbone.search.costs.budget import costs_of
from featherbone.search.costs.file_size import FILE_HEAD
from featherbone.search.costs.latency_limit import LatencyLimit
from featherbone.search.record.ledger import Entry
from featherbone.search.record.why import CUT

GRAPH = network("mobilenet_v2:resolution=128")  # 98 M multiply-adds, and 25 M at 64


def asked(budget: Budget, latencies: Any = None) -> Any:
    draft: Any = SimpleNamespace(
        request=SimpleNamespace(budget=budget), costs=SimpleNamespace(file_head=FILE_HEAD + 90)
    )
    return limits_of(draft, latencies)


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (Budget(macs=60_000_000), [128, 112]),  # hardly more than is allowed: the largest
        (Budget(macs=6_500_000), [64, 48]),  # four times as much at 64, and 80 rounds all maps up
        (Budget(params=300_000), [128, 112]),  # resolution changes nothing of it
        (Budget(macs=6_500_000, params=300_000), [64, 48]),
    ],
)
def test_a_network_is_cut_where_it_has_about_four_times_too_much(budget: Budget, expected: list[int]) -> None:
    assert resolutions_of(GRAPH, asked(budget), 2) == expected


def test_a_network_that_takes_one_resolution_is_cut_there() -> None:
    graph = image(3, 32).conv(4, 3, stride=2).flatten().linear(2).graph("flat")
    assert sides_of(graph) == [32]


def test_what_a_file_holds_besides_is_taken_off_a_limit_on_it() -> None:
    assert asked(Budget(size=50_000)).limits == {"size": 50_000 - 90 - PROVENANCE}


class Known:
    margin = 0.25

    def of_graph(self, graph: Graph) -> float:
        if graph.name == "odd":
            raise FeatherboneError("an operator is not known")
        return 3.0


def test_latency_is_predicted_and_measured_where_it_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("featherbone.job.pretrained.cuts.clock_of", lambda limit: lambda graph: 7.0)
    found = asked(Budget(latency=LatencyLimit(ms=5.0)), Known())
    assert found.limits == {"latency": 4.0}
    graph = image(3, 8).conv(4, 3).global_pool().flatten().linear(2).graph("even")
    assert found.measure(graph)["latency"].total == 3.0
    assert found.measure(graph.renamed("odd"))["latency"].total == 7.0


def entry(design: str) -> Entry:
    return Entry(design=design, origin=CUT, costs=costs_of(image(3, 8).flatten().linear(2).graph(design)))


def test_no_cut_is_begun_once_the_time_for_them_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr("featherbone.job.pretrained.cuts.time.monotonic", lambda: float(next(clock)))
    made: list[str] = []

    def cuts() -> Iterator[Entry | FeatherboneError]:
        for name in "abcde":
            made.append(name)
            yield FeatherboneError("too small") if name == "a" else entry(name)

    found, refused = _first(4, 2.5, cuts())  # a second for each that was cut
    assert [each.design for each in found] == ["b", "c", "d"]
    assert (made, refused) == (["a", "b", "c", "d"], "too small")


def test_a_network_is_cut_once_however_short_the_time_is() -> None:
    assert [each.design for each in _first(4, 0.0, iter([entry("a"), entry("b")]))[0]] == ["a"]


def test_as_many_cuts_are_made_as_may_compete_and_equal_ones_count_once() -> None:
    found, refused = _first(2, math.inf, iter([entry("a"), entry("a"), entry("b"), entry("c")]))
    assert ([each.design for each in found], refused) == (["a", "b"], "")
