"""What becomes of a trained network: both files, what was found, and what a person is told on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from featherbone.data import open_dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import image
from featherbone.job.finish import finish
from featherbone.job.images import preprocessing_of
from featherbone.nn import Model, module, weights_of
from featherbone.progress import Event, Noticed
from featherbone.run_record import Timing
from featherbone.search import Budget, LatencyLimit

TIMING = Timing(p50_ms=1.0, p90_ms=1.5, runs=100, threads=1)
DIGITS = open_dataset("digits")


@pytest.fixture
def model() -> Model:
    graph = image(1, 8).flatten().linear(10).graph("linear")
    weights = weights_of(module(graph, seed=0))
    return Model(graph=graph, weights=weights, classes=DIGITS.classes, preprocessing=preprocessing_of(DIGITS))


@pytest.mark.parametrize(("ms", "told"), [(1.0, False), (1.01, True)])
def test_a_file_that_is_slower_now_than_its_limit_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Model, ms: float, told: bool
) -> None:
    monkeypatch.setattr("featherbone.job.finish.time_onnx", lambda path, threads: replace(TIMING, p50_ms=ms))
    events: list[Event] = []
    budget = Budget(latency=LatencyLimit(ms=1.0))
    found = finish(model, DIGITS, budget, tmp_path, events.append, latency=0.9)
    said = [event.sentence for event in events if isinstance(event, Noticed)]
    assert len(said) == told
    assert all(f"takes {ms:.3g} ms now, more than the 1 ms" in sentence for sentence in said)
    assert (found.latency_ms, found.timing) == (0.9, replace(TIMING, p50_ms=ms))
    assert found.verification.passed
    assert found.file_bytes == (tmp_path / "model.safetensors").stat().st_size
    assert {path.name for path in tmp_path.iterdir()} == {"mistakes.png", "model.onnx", "model.safetensors"}


@pytest.mark.parametrize(("budget", "threads"), [(Budget(latency=LatencyLimit(ms=9.0, threads=2)), 2), (None, 1)])
def test_the_file_is_timed_with_the_threads_of_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Model, budget: Budget | None, threads: int
) -> None:
    monkeypatch.setattr("featherbone.job.finish.time_onnx", lambda path, threads: replace(TIMING, threads=threads))
    found = finish(model, DIGITS, budget, tmp_path, lambda event: None, latency=8.0 if budget else None)
    assert found.timing is not None
    assert found.timing.threads == threads


def test_a_file_that_is_larger_than_the_budget_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Model
) -> None:
    monkeypatch.setattr("featherbone.job.finish.time_onnx", lambda path, threads: TIMING)
    with pytest.raises(FeatherboneError, match="the model that was written exceeds"):
        finish(model, DIGITS, Budget(size=1000), tmp_path, lambda event: None)
