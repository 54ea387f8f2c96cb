"""Runs that are stopped and go on, and what must be the same at their ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from train_cases import RECIPE, dataset, network

from featherbone.nn import read_tensors
from featherbone.train import Execution, Training, TrainingProgress, train

NEWEST = "checkpoint.safetensors"


def assert_resumes_exactly(folder: Path, run: Callable[..., Training]) -> None:
    """The law of every option: a run that was stopped between and inside epochs ends like one that was not.

    `run(folder, **execution)` has at least two epochs of more than three steps.
    """

    def interrupt(event: TrainingProgress) -> None:
        if (event.epoch, event.step) == (2, 3):
            raise KeyboardInterrupt

    whole = run(folder / "whole")
    run(folder / "parts", until_epoch=1)
    with pytest.raises(KeyboardInterrupt):
        run(folder / "parts", progress=interrupt, save_every=0)
    torch.manual_seed(3)  # what happens between does not matter
    parts = run(folder / "parts")
    assert (parts.epoch, parts.best_epoch) == (whole.epoch, whole.best_epoch)
    assert all(torch.equal(parts.weights[name], tensor) for name, tensor in whole.weights.items())
    found, expected = (read_tensors(folder / name / "checkpoint.safetensors")[0] for name in ("parts", "whole"))
    assert found.keys() == expected.keys()
    assert not [name for name in found if not torch.equal(found[name], expected[name])]


def run(folder: Path, **settings: object) -> Training:
    return train(network(), dataset(), RECIPE, folder=folder, seed=7, execution=Execution(**settings))


def assert_same_end(folder: Path, other: Path) -> None:
    tensors, header = read_tensors(folder / NEWEST)
    expected, expected_header = read_tensors(other / NEWEST)
    assert tensors.keys() == expected.keys()
    different = [name for name in tensors if not torch.equal(tensors[name], expected[name])]
    assert not different
    history, expected_history = (json.loads(text["progress"])["history"] for text in (header, expected_header))
    assert without_seconds(history) == without_seconds(expected_history)
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in log] == list(range(1, len(log) + 1))
    assert log == history


def without_seconds(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]
