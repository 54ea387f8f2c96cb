"""``featherbone data``: the named sets, and what a set holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from featherbone.data import NAMED
from featherbone.job.common_options import DATA_HELP

Command = Callable[..., Any]


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(6):
            pixels = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{number}.png")
    return tmp_path / "pets"


def test_names_are_listed_with_licence_and_size(featherbone: Command) -> None:
    ended = featherbone("data")
    assert ended.code == 0
    for name in NAMED:
        assert name in ended.out
    assert [entry["name"] for entry in json.loads(featherbone("data", "--json").out)] == list(NAMED)


def test_help_of_the_argument_knows_every_name() -> None:
    assert all(name in DATA_HELP for name in NAMED)


def test_a_folder_is_shown_by_class_and_split(featherbone: Command, pets: Path) -> None:
    ended = featherbone("data", pets)
    assert ended.code == 0
    assert "pets: 2 classes, 8×8 colour" in ended.out
    assert [line.split() for line in ended.out.splitlines() if line.strip().startswith(("cat", "dog", "images"))] == [
        ["cat", "4", "1", "1"],
        ["dog", "4", "1", "1"],
        ["images", "8", "2", "2"],
    ]
    found = json.loads(featherbone("data", pets, "--json").out)
    assert found["images"]["train"] == {"cat": 4, "dog": 4}
    assert found["fingerprint"] in ended.out


def test_bad_files_end_with_two_or_are_left_out(featherbone: Command, pets: Path) -> None:
    (pets / "cat" / "notes.txt").write_text("Tom")
    ended = featherbone("data", pets)
    assert ended.code == 2
    assert "cat/notes.txt is not an image" in ended.err
    ended = featherbone("data", pets, "--skip-bad")
    assert ended.code == 0
    assert "left out     cat/notes.txt" in ended.out


def test_a_near_miss_is_guessed(featherbone: Command) -> None:
    ended = featherbone("data", "fashion_mnist")
    assert ended.code == 2
    assert "did you mean fashion-mnist?" in ended.err


def test_a_log_hears_how_far_the_reading_is(featherbone: Command, pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = featherbone("data", pets)
    lines = [line.partition(" s  ")[2].strip() for line in ended.err.splitlines()]
    assert [line for line in lines if "files" in line] == ["reading 12 of 12 files", "decoding 12 of 12 files"]
