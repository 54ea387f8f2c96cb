"""A run that nothing stopped, to compare others with."""

from __future__ import annotations

from pathlib import Path

import pytest
from train_cases import RECIPE, dataset, network

from featherbone.train import train


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    train(network(), dataset(), RECIPE, folder=folder, seed=7)
    return folder
