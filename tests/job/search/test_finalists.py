"""Finalists are measured, the best that is fast enough wins, and no measurement is taken twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph, image
from featherbone.job.search.finalists import fastest_enough
from featherbone.progress import Event, Noticed
from featherbone.search import Costs, Entry, LatencyLimit, Ledger, open_ledger

LIMIT = LatencyLimit(ms=1)
COSTS = Costs(macs=1, params=1, peak_memory=1, size=1, latency=0.9)


def network(trial: int, design: str) -> Graph:
    return image(1, 4).conv(4, 3).graph(f"design{trial}")


def begun(ledger: Ledger) -> None:
    ledger.add([Entry(design=f"d{n}", origin="random", costs=COSTS) for n in range(1, 4)])


def test_a_winner_above_the_limit_gives_way_to_the_next_that_is_measured_within(tmp_path: Path) -> None:
    events: list[Event] = []
    times = {"design1": 1.2, "design2": 0.95, "design3": 0.5}
    with open_ledger(tmp_path) as ledger:
        begun(ledger)
        chosen = fastest_enough(
            ledger.trials(), LIMIT, ledger, network, events.append, clock=lambda graph: times[graph.name]
        )
        assert chosen.id == 2
        assert ledger.measured() == {1: 1.2, 2: 0.95}
    said = [event.sentence for event in events if isinstance(event, Noticed)]
    assert said == ["trial 1 takes 1.2 ms, more than 1 ms, and gives way to the next"]


def test_what_was_measured_is_not_measured_again(tmp_path: Path) -> None:
    def never(graph: Graph) -> float:
        raise AssertionError(f"{graph.name} is measured again")

    with open_ledger(tmp_path) as ledger:
        begun(ledger)
        ledger.time(1, 3.0)
        ledger.time(2, 1.0)  # at the limit is within it
    with open_ledger(tmp_path) as ledger:
        assert fastest_enough(ledger.trials(), LIMIT, ledger, network, lambda event: None, clock=never).id == 2


def test_where_none_is_fast_enough_the_fastest_is_named(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        begun(ledger)
        with pytest.raises(FeatherboneError, match=r"none of the best 3 .* trial 3 .* 1\.5 ms") as told:
            fastest_enough(
                ledger.trials(),
                LIMIT,
                ledger,
                network,
                lambda event: None,
                clock=lambda graph: 3 - 0.5 * int(graph.name[-1]),
            )
    assert "--latency 1.52ms" in (told.value.hint or "") or "--latency 1.51ms" in (told.value.hint or "")
