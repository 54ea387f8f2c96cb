"""The law of every option: a run that was stopped between and inside epochs ends like one that was not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from featherbone.nn import read_tensors
from featherbone.train import Training, TrainingProgress


def assert_resumes_exactly(folder: Path, run: Callable[..., Training]) -> None:
    """`run(folder, **settings of train)`; it has at least two epochs of more than three steps."""

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
