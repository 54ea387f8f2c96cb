"""How `featherbone time` tells of what was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from featherbone.cli.time import _print_latencies, _print_profile
from featherbone.measure.environment import Environment
from featherbone.measure.latency import Latency
from featherbone.measure.limits import MachineLimits
from featherbone.measure.operators import OperatorTime, Profile
from featherbone.measure.statistics import Summary
from featherbone.measure.warmup import WarmUp

LIMITS = MachineLimits(threads=1, macs_per_second={"torch": 4e10, "onnxruntime": 5e10}, bytes_per_second=1e10)


def operator(name: str, milliseconds: float, bound: str, share: float, *, bytes: int = 2048) -> OperatorTime:
    return OperatorTime(
        name=name,
        description="conv 3×3",
        nodes=(name,),
        milliseconds=milliseconds,
        macs=5000,
        bytes=bytes,
        bound=bound,
        share=share,
    )


def test_operators_stand_with_their_share_of_the_time_and_of_their_limit(capsys: pytest.CaptureFixture[str]) -> None:
    rows = (
        operator("stem", 1.0, "compute", 0.5),
        operator("last", 2.5, "memory", 1.2),
        operator("layout", 0.5, "memory", 0.1, bytes=0),  # what the runtime adds reads no map of the graph
    )
    found = Profile(
        network="net",
        runtime="torch",
        threads=2,
        batch=1,
        roofline=LIMITS.roofline,
        operators=rows,
        untimed=("act", "pool"),
    )
    _print_profile(found, LIMITS)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["net", "in", "torch,", "2", "threads"] in lines
    shown = ["stem", "conv", "3×3", "1.000", "25.0", "%", "5.0", "k", "2.0", "KiB", "50", "%", "compute"]
    assert shown in lines
    assert next(line for line in lines if line[:1] == ["last"])[-3:] == ["120", "%", "memory"]
    assert next(line for line in lines if line[:1] == ["layout"])[-2:] == ["5.0", "k"], "it stands under no limit"
    assert ["compute-bound:", "25", "%", "of", "the", "time"] in lines
    assert ["memory-bound:", "62", "%", "of", "the", "time"] in lines
    text = " ".join(word for line in lines for word in line)
    assert "limits: torch 40.0 G, onnxruntime 50.0 G MACs/s" in text
    assert "compute-bound from 5.0 MACs a byte" in text
    assert "no time known for act, pool" in text


def test_latencies_stand_with_what_they_were_measured_on(capsys: pytest.CaptureFixture[str]) -> None:
    times = Summary(p50_ms=1.5, p90_ms=2.0, p99_ms=3.0, min_ms=1.25, n=4000, low_ms=1.4, high_ms=1.6)
    around = Environment(
        cpu="a CPU", cores=4, system="Linux", versions=(("torch", "2.0"),), load_before=0.5, load_after=1.5
    )
    one = Latency(
        network="net",
        runtime="torch",
        threads=1,
        batch=1,
        times=times,
        warm_up=WarmUp(runs=9, settled=True),
        environment=around,
        noise=(),
    )
    _print_latencies([one])
    text = capsys.readouterr().out
    assert "milliseconds for a batch of 1\n" in text
    row = ["torch", "net", "1", "1.500", "2.000", "3.000", "1.250", "1.400–1.600", "4,000"]
    assert row in [line.split() for line in text.splitlines()]
    assert "a CPU, 4 cores, Linux\ntorch 2.0\nload average 0.50 before, 1.50 after\n" in text
    assert "noisy" not in text
    many = replace(one, batch=8, threads=2, noise=("it is busy", "it throttles"))
    _print_latencies([one, many])
    text = capsys.readouterr().out
    assert "milliseconds for a batch of 1 or 8" in text
    assert "net (8 images)" in text
    assert "noisy: net, torch, 2 threads: it is busy; it throttles" in text
    unknown = replace(one, environment=replace(around, load_after=None))
    _print_latencies([unknown])
    assert "load average" not in capsys.readouterr().out
