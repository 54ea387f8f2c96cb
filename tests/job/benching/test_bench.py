"""A bench writes, verifies, judges and times every file; what can't be is a row with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from digit_reader import digit_reader

from featherbone.bench_record import EAGER
from featherbone.errors import FeatherboneError
from featherbone.job.benching import bench
from featherbone.job.benching.bench import run_bench
from featherbone.job.benching.request import BenchRequest
from featherbone.measure.environment import environment
from featherbone.measure.latency import Latency
from featherbone.measure.runtimes.workload import Workload
from featherbone.measure.statistics import Summary
from featherbone.measure.warmup import WarmUp
from featherbone.nn import save_model
from featherbone.report.bench import write_bench
from featherbone.ship.timed import load


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "digits.safetensors"
    save_model(path, digit_reader())
    return path


@pytest.fixture
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is run once, in this process, and said to take as many milliseconds as its place in the list."""

    def together(jobs: Sequence[tuple[str, Workload]], *, threads: int, **_: Any) -> Any:
        found: list[Latency | FeatherboneError] = []
        for place, (name, job) in enumerate(jobs, 1):
            if job.opener:
                load(job)()
            ms = float(place)
            times = Summary(p50_ms=ms, p90_ms=ms, p99_ms=ms, min_ms=ms, n=9, low_ms=ms, high_ms=ms)
            found.append(
                Latency(
                    network=name,
                    runtime=job.runtime,
                    threads=threads,
                    batch=1,
                    times=times,
                    warm_up=WarmUp(runs=1, settled=True),
                    environment=environment([], load_before=None),
                    noise=("a fan was on",) if place == 1 else (),
                    added_memory=1000,
                )
            )
        found[-1] = FeatherboneError("it was killed")
        return tuple(found)

    monkeypatch.setattr(bench, "measure_together", together)


@pytest.mark.usefixtures("_in_no_time")
def test_each_file_has_a_row_and_each_failure_its_reason(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = bench.find_target
    absent = replace(real("onnx"), name="tflite", packages=("no_such_runtime",), extra="tflite")
    monkeypatch.setattr(bench, "find_target", lambda name: absent if name == "tflite" else real(name))
    request = BenchRequest(
        models=(str(file),), source="digits", to=("onnx", "tflite"), precisions=("float32", "float16", "int8")
    )
    rows = run_bench(request)
    told = {row.title: row for row in rows}
    assert list(told) == [
        f"{EAGER} float32",
        "onnx float32",
        "onnx float16",
        "onnx int8",
        "tflite float32",
        "tflite float16",
        "tflite int8",
    ]
    assert told["tflite int8"].reason == (
        "tflite needs the package no_such_runtime, which is not installed; pip install 'featherbone[tflite]'"
    )
    assert told["onnx int8"].reason == "it was killed"
    whole, half = told["onnx float32"], told["onnx float16"]
    assert whole.top1 == told[f"{EAGER} float32"].top1
    assert whole.top1_agreement == half.top1_agreement == 1
    assert half.size is not None
    assert whole.size is not None
    assert half.size < whole.size
    assert half.notes == ("1.50 times as slow as float32",)
    assert told[f"{EAGER} float32"].noise == ("a fan was on",)
    assert whole.memory == 1000
    write_bench(tmp_path / "bench.html", rows, ["fastest: <it>"], command="featherbone bench")
    page = (tmp_path / "bench.html").read_text(encoding="utf-8")
    assert "fastest: &lt;it&gt;." in page
    assert "1.50 times as slow as float32" in page


@pytest.mark.usefixtures("_in_no_time")
def test_int8_of_a_float_network_needs_images(file: Path) -> None:
    rows = run_bench(BenchRequest(models=(str(file),), to=("onnx",), threads=(1, 2)))
    assert [(row.title, row.threads) for row in rows] == [
        (f"{EAGER} float32", 1),
        ("onnx float32", 1),
        (f"{EAGER} float32", 2),
        ("onnx float32", 2),
        ("onnx int8", 1),
    ]
    assert rows[-1].reason == "int8 of a network in float is chosen by images, and none are given"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"models": ()}, "there is no model to measure"),
        ({"threads": (0,)}, "threads is 0"),
        ({"seconds": 0.0}, "seconds is 0.0; it must be positive"),
    ],
)
def test_what_asks_for_nothing_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(FeatherboneError, match=said):
        BenchRequest(**{"models": ("m.safetensors",), **changes})


def test_a_target_that_there_is_not_is_refused(file: Path) -> None:
    with pytest.raises(FeatherboneError, match="there is no target 'onx'"):
        run_bench(BenchRequest(models=(str(file),), to=("onx",)))
