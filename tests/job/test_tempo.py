"""The tempo of a search: measured once and remembered, and no design may take more than its share of the time."""

from __future__ import annotations

from pathlib import Path

import pytest

from featherbone.data import open_dataset
from featherbone.job.tempo import LONGEST, Tempo, tempo_of
from featherbone.job.trials import Images
from featherbone.progress import silent
from featherbone.search import open_ledger
from featherbone.search.effort import effort
from featherbone.train import Setting, default_recipe

EXAMPLE = "r8 | stem w8 | basic w8"


def never() -> str:
    raise AssertionError("it is remembered, or not needed")


def test_what_takes_longer_than_its_share_is_too_long_and_a_second_call_measures_nothing(tmp_path: Path) -> None:
    dataset = open_dataset("digits")
    images = Images(source="digits", resolution=None, seed=0, skip_bad=False, fingerprint=dataset.fingerprint)
    recipe = default_recipe(dataset, 500)
    asked = {"seconds": 60.0, "threads": 1, "progress": silent}
    with open_ledger(tmp_path) as ledger:
        first = tempo_of(ledger, images, recipe, example=lambda: EXAMPLE, **asked)
        assert tempo_of(ledger, images, recipe, example=never, **asked) == first
    assert first.afforded is not None
    times_as_long = first.longest / effort(EXAMPLE, classes=10, channels=1)
    assert times_as_long * first.epochs == pytest.approx(LONGEST * first.afforded, rel=0.1)
    assert 4 <= first.epochs <= max(4, first.afforded / 3)


def test_without_a_limit_of_time_nothing_is_too_long(tmp_path: Path) -> None:
    dataset = open_dataset("digits")
    images = Images(source="digits", resolution=None, seed=0, skip_bad=False, fingerprint=dataset.fingerprint)
    with open_ledger(tmp_path) as ledger:
        found = tempo_of(
            ledger, images, default_recipe(dataset, 9), example=never, seconds=None, threads=1, progress=silent
        )
    assert found == Tempo(setting=Setting(threads=1), epochs=9)
    assert Tempo.from_json(found.to_json()) == found
