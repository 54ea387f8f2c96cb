"""The number of threads is part of the setting."""

from __future__ import annotations

from pathlib import Path

import torch

from featherbone.data import open_dataset
from featherbone.graph import image
from featherbone.train import Execution, Recipe, Setting, TrainingProgress, train


def test_a_training_computes_with_its_settings_threads_and_leaves_their_number_alone(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    wanted, seen = before + 1, set()

    def watch(event: TrainingProgress) -> None:
        seen.add(torch.get_num_threads())

    graph = image(1, 8).flatten().linear(10).graph("linear")
    recipe, setting = Recipe(epochs=1), Setting(threads=wanted)
    train(
        graph,
        open_dataset("digits"),
        recipe,
        folder=tmp_path,
        seed=0,
        execution=Execution(progress=watch, setting=setting),
    )
    assert seen == {wanted}
    assert torch.get_num_threads() == before
