"""Class weights on the command line: read, put into the recipe of either job, and refused with what is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from featherbone.data import open_dataset
from featherbone.errors import FeatherboneError
from featherbone.job import fit
from featherbone.job.class_weighting import read_class_weights
from featherbone.job.search.recipe import searching_recipe
from featherbone.job.training.recipe import recipe_for
from featherbone.job.training.request import TrainRequest
from featherbone.search import Budget


def asked(**options: Any) -> TrainRequest:
    return TrainRequest(source="digits", network="r8 | stem w4 | head w8", **options)


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("balanced", "balanced"),
        ("none", "none"),
        ("3=2", (("3", 2.0),)),
        ("a b = 0.5,c=d=1", (("a b", 0.5), ("c=d", 1.0))),
    ],
)
def test_words_and_numbers_by_class_are_read(text: str, weights: Any) -> None:
    assert read_class_weights(text) == weights


@pytest.mark.parametrize("text", ["", "balance", "3=", "=2", "3=two", "3=2,"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(FeatherboneError, match="must be none, balanced or a number") as told:
        read_class_weights(text)
    assert "cat=2,dog=0.5" in (told.value.hint or "")


def test_they_are_in_the_recipe_of_both_jobs_and_a_name_that_is_no_class_is_refused() -> None:
    digits = open_dataset("digits")
    assert searching_recipe(digits, None, 9, weights="3=2").class_weights == (("3", 2.0),)
    assert recipe_for(digits, asked(class_weights="balanced"), tuned=False)[0].class_weights == "balanced"
    assert recipe_for(digits, asked(), tuned=False)[0].class_weights == "none"
    with pytest.raises(FeatherboneError, match="'cat', which is no class of digits"):
        searching_recipe(digits, None, 9, weights="cat=2")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"device": "tpu"}, "--device is 'tpu'; known: auto, cpu, cuda"),
        ({"class_weights": "cat=2"}, "'cat', which is no class"),
        ({"class_weights": "cat"}, "--class-weights is 'cat'"),
    ],
)
def test_what_a_search_cannot_be_trained_with_is_refused_before_anything_is_written(
    tmp_path: Path, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(FeatherboneError, match=said):
        fit("digits", Budget(macs=300_000), out=tmp_path / "run", **asked)
    assert not (tmp_path / "run").exists()
