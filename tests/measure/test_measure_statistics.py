"""The statistics of a measurement, on samples that are made up."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from featherbone.errors import FeatherboneError
from featherbone.measure.environment import Environment
from featherbone.measure.latency import enough, interleave
from featherbone.measure.noise import noise
from featherbone.measure.statistics import Summary, median_interval, summarise
from featherbone.measure.warmup import LONGEST, warm_up
from featherbone.measure.worker import take_turn


def coverage(true: float, samples: list[list[list[float]]]) -> float:
    hits = 0
    for turns in samples:
        low, high = median_interval(turns)
        hits += low <= true <= high
    return hits / len(samples)


def test_the_interval_covers_the_median_as_often_as_it_says() -> None:
    noise_ = np.random.default_rng(5)
    samples = [noise_.lognormal(0.0, 0.3, (20, 10)).tolist() for _ in range(80)]
    assert 0.87 <= coverage(1.0, samples) <= 1.0


def test_the_interval_knows_that_runs_of_one_turn_are_alike() -> None:
    noise_ = np.random.default_rng(6)
    samples = [(noise_.normal(10, 1, (20, 1)) + noise_.normal(0, 0.01, (20, 50))).tolist() for _ in range(80)]
    assert coverage(10.0, samples) >= 0.87
    single = [[[value] for turn in turns for value in turn] for turns in samples[:40]]
    assert coverage(10.0, single) < 0.6, "resampling single runs is too sure"


def test_no_run_is_thrown_away() -> None:
    summary = summarise([[0.001] * 98, [5.0, 0.0005]])
    assert summary.n == 100
    assert summary.p50_ms == pytest.approx(1.0)
    assert summary.min_ms == pytest.approx(0.5)
    assert summary.p99_ms > 10, "the outlier counts"
    assert summary.low_ms <= summary.p50_ms <= summary.high_ms
    with pytest.raises(FeatherboneError, match="no runs"):
        summarise([[], []])


def test_warm_up_ends_when_two_windows_agree() -> None:
    times = itertools.chain([0.09] * 5, [0.05] * 5, [0.02] * 5, [0.0203] * 5, itertools.repeat(0.01))
    assert warm_up(lambda: next(times)).runs == 20
    over = itertools.chain([0.02] * 5, [0.0205] * 5, [0.0205] * 5, itertools.repeat(0.01))
    assert warm_up(lambda: next(over)).runs == 15, "2.5 % apart is not warm"


def test_a_window_of_quick_runs_lasts_long_enough() -> None:
    found = warm_up(lambda: 0.001)
    assert 100 <= found.runs <= 102
    assert found.settled


def test_warm_up_is_bounded() -> None:
    falling = (0.1 * 0.9**step for step in itertools.count())
    spent: list[float] = []

    def run() -> float:
        spent.append(max(next(falling), 0.01) * (1.5 if len(spent) // 5 % 2 else 1.0))
        return spent[-1]

    assert not warm_up(run).settled
    assert LONGEST <= sum(spent) < LONGEST + 1


def environment(**changes: object) -> Environment:
    values = {"cpu": "x", "cores": 4, "system": "y", "versions": (), "load_before": 0.5, "load_after": 0.5}
    return Environment(**{**values, **changes})


def summary(**changes: float) -> Summary:
    values = {"p50_ms": 10.0, "p90_ms": 11.0, "p99_ms": 12.0, "min_ms": 9.0, "low_ms": 9.9, "high_ms": 10.1}
    return Summary(n=100, **{**values, **changes})


@pytest.mark.parametrize(
    ("times", "settled", "threads", "around", "reasons"),
    [
        ({}, True, 1, {}, ()),
        ({}, False, 1, {}, ("the warm-up did not settle",)),
        ({"low_ms": 9.7, "high_ms": 10.25}, True, 1, {}, ("the interval of the median is 6% wide",)),
        ({"p90_ms": 12.6}, True, 1, {}, ("p90 is 1.26 × p50",)),
        ({"p99_ms": 99.0}, True, 1, {}, ()),
        ({}, True, 1, {"load_before": 4.0}, ()),
        ({}, True, 1, {"load_before": 4.1}, ("the load average was 4.1 on 4 cores before it began",)),
        ({}, True, 4, {"load_before": 1.2}, ("the load average was 1.2 on 4 cores before it began",)),
        ({}, True, 8, {"load_before": None}, ("8 threads shared the cores, of which there are 4",)),
    ],
)
def test_noise_names_each_reason(
    times: dict[str, float], settled: bool, threads: int, around: dict[str, object], reasons: tuple[str, ...]
) -> None:
    assert noise(summary(**times), settled=settled, threads=threads, environment=environment(**around)) == reasons


def test_turns_are_interleaved_in_changing_orders() -> None:
    order: list[str] = []

    def taker(name: str, runs: int) -> Callable[[], list[float]]:
        def take() -> list[float]:
            order.append(name)
            return [2**-6] * runs

        return take

    turns = interleave([taker("a", 8), taker("b", 8), taker("c", 16)], seconds=2.0)
    assert [len(taken) for taken in turns] == [16, 16, 8]
    rounds = [order[start : start + 3] for start in range(0, 24, 3)]
    assert all(sorted(names) == ["a", "b", "c"] for names in rounds), "nobody takes two turns before all had one"
    assert len({tuple(names) for names in rounds}) > 1, "the order changes"
    assert set(order[24:]) == {"a", "b"}, "who has enough stops"


def test_enough_is_seconds_and_runs_but_not_for_ever() -> None:
    assert not enough([[0.01] * 199], 2.0)
    assert enough([[0.01] * 201], 2.0)
    assert not enough([[0.1] * 99], 2.0), "too few runs"
    assert enough([[0.1] * 60, [0.1] * 41], 2.0)
    assert enough([[1.0] * 10], 2.0), "a slow network ends with fewer"
    assert not enough([[0.01] * 1500], 20.0), "who asks for longer gets longer"


def test_a_turn_leaves_out_its_first_run_only() -> None:
    times = iter([9.0, 0.1, 0.5, 0.1, 0.4, 0.1])
    assert take_turn(lambda: next(times), 1.0) == [0.1, 0.5, 0.1, 0.4]
    assert take_turn(lambda: 3.0, 1.0) == [3.0], "a turn has at least one run"
