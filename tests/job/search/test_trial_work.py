"""What a worker shows the teacher of a trial."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from distil_cases import teacher, wide
from train_cases import RECIPE, dataset, network

from featherbone.data.augment import Augment
from featherbone.job.search.trial_work import TrialStart, TrialWork
from featherbone.train import Setting


def larger(side: int, augment: Augment, channels: int = 1) -> Any:
    images: Any = SimpleNamespace(seen_by=lambda graph: dataset(resolution=graph.input_shape[1]))
    work = TrialWork(images=images, recipe=RECIPE, seed=0, folder=Path("run"), setting=Setting())
    start = TrialStart(graph=network(), dataset=dataset(), recipe=replace(RECIPE, augment=augment))
    return work._larger(teacher(wide(channels, side)), start)


def test_a_larger_teacher_is_shown_larger_images_with_its_own_normalisation() -> None:
    found = larger(24, Augment(resized_crop=0.5))
    assert (found.resolution, found.mean, found.std) == (24, (0.5,), (0.1,))


@pytest.mark.parametrize(
    ("side", "augment", "channels"),
    [(6, Augment(flip=True), 1), (4, Augment(flip=True), 1), (24, Augment(pad=1), 1), (24, Augment(flip=True), 3)],
    ids=["as large", "smaller", "draws in pixels", "colours of grey images"],
)
def test_else_it_is_shown_what_the_trial_sees(side: int, augment: Augment, channels: int) -> None:
    assert larger(side, augment, channels) is None
