"""Learning latencies: what can be refused is refused first; what is measured is told before, and fits the time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.latency import learning as probe
from featherbone.latency.measured import NETWORK
from featherbone.latency.store import Bench
from featherbone.search import Budget, LatencyLimit, SpaceCosts, named_space


class FakeStore:
    """Times in memory."""

    bench = Bench(cpu="a", runtime="onnxruntime", version="1", threads=1, block=8)

    def __init__(self) -> None:
        self.times: dict[str, float] = {}

    def known(self) -> Mapping[str, float]:
        return self.times


class FakeMeter:
    """Measures nothing: a kernel takes a microsecond, a network ``network`` milliseconds, and the clock moves on."""

    def __init__(self, network: float = 1.0) -> None:
        self.store, self.network, self.now, self.asked = FakeStore(), network, 0.0, list[str]()

    def kernels(self, texts: Sequence[str], said: Any = None, until: float = math.inf) -> Mapping[str, float]:
        return dict(self._measured(texts, 1e-6, 0.1, until))

    def networks(self, graphs: Mapping[str, Graph], said: Any = None, until: float = math.inf) -> Mapping[str, float]:
        found = self._measured([f"{NETWORK}{text}" for text in graphs], 1e-3 * self.network, 0.5, until)
        return {text.removeprefix(NETWORK): seconds for text, seconds in found}

    def _measured(
        self, texts: Sequence[str], seconds: float, takes: float, until: float
    ) -> Iterator[tuple[str, float]]:
        for text in texts:
            if text not in self.store.times:
                if self.now >= until:
                    continue
                self.store.times[text] = seconds
                self.asked.append(text)
                self.now += takes
            yield text, self.store.times[text]


COSTS = SpaceCosts(named_space("resnet", (8,)), classes=10, channels=1)


def limited(ms: float, **others: int) -> Budget:
    return Budget(latency=LatencyLimit(ms=ms), **others)


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> FakeMeter:
    found = FakeMeter()
    monkeypatch.setattr(probe.time, "monotonic", lambda: found.now)
    return found


def test_a_limit_that_no_processor_keeps_is_refused_without_measuring() -> None:
    with pytest.raises(FeatherboneError, match=r"which no processor computes in less than .* ms"):
        probe.require_possible(COSTS, limited(1e-9))
    probe.require_possible(COSTS, limited(1.0))
    probe.require_possible(COSTS, Budget(macs=1))


@pytest.mark.parametrize(("ms", "refused"), [(0.5, True), (0.9, False), (1.0, False)])
def test_a_limit_far_below_the_smallest_designs_is_refused_after_a_few(
    meter: FakeMeter, ms: float, refused: bool
) -> None:
    """Between the limit and half as much again more must be known before it is refused."""
    if refused:
        with pytest.raises(FeatherboneError, match=r"takes 1 ms when measured") as told:
            probe.require_reachable(COSTS, limited(ms), meter)
        assert "--latency 1.2ms" in (told.value.hint or "")
    else:
        probe.require_reachable(COSTS, limited(ms), meter)
    assert 0 < len(meter.asked) <= probe.SMALLEST


def learned(meter: FakeMeter, seconds: float) -> tuple[int, int, float]:
    """What is announced before anything is measured; then it is learned."""
    announced: list[tuple[int, int, float]] = []

    def told(*what: Any) -> None:
        assert not meter.asked
        announced.append(what)

    found = probe.learned(COSTS, limited(1.0, macs=300_000), meter, seconds=seconds, announced=told)
    assert found.networks >= probe.FEW_NETWORKS
    (only,) = announced
    return only


def test_what_is_measured_is_told_before_and_takes_the_time_that_there_is(meter: FakeMeter) -> None:
    operators, networks, whole = learned(meter, math.inf)
    assert 0.9 * (operators + networks) < len(meter.asked) <= operators + networks
    again = len(meter.asked)
    probe.learned(COSTS, limited(1.0, macs=300_000), meter)
    assert len(meter.asked) == again  # all is known, so nothing is told or measured

    brief, meter.store, meter.asked, meter.now = 0.0, FakeStore(), [], 0.0
    assert learned(meter, brief)[:2] == (operators, networks)
    few = [text for text in meter.asked if not text.startswith(NETWORK)]
    assert 0 < len(few) < operators
    assert len(meter.asked) - len(few) == probe.FEW_NETWORKS

    meter.store, meter.asked, meter.now = FakeStore(), [], 0.0
    assert learned(meter, whole / 2)[2] == pytest.approx(whole / 2)
    assert len(few) + probe.FEW_NETWORKS < len(meter.asked) < operators + networks
    assert meter.now <= whole
