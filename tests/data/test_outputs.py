"""What featherbone wrote into the folder of the images is no part of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from featherbone.data import open_dataset
from featherbone.errors import FeatherboneError
from featherbone.job import folder as job_folder
from featherbone.run_file import FORMAT, LEDGER, LOCK, NAME
from featherbone.search import open_ledger

MakeFolder = Callable[..., Path]


def begun(run: Path) -> None:
    """A run folder as jobs leave it: record, ledger, trials."""
    with open_ledger(run):
        pass
    job_folder.write_facts(run, {"job": "fit"})
    (run / "trials" / "3").mkdir(parents=True)
    (run / "trials" / "3" / "log.jsonl").write_text("{}")


def test_the_names_are_those_that_jobs_write(tmp_path: Path) -> None:
    begun(tmp_path / "run")
    assert {NAME, LEDGER, LOCK} <= {path.name for path in (tmp_path / "run").iterdir()}
    assert json.loads((tmp_path / "run" / NAME).read_text())["format"] == FORMAT


@pytest.mark.parametrize("where", ["runs/pets", "runs/nested/pets", "results"])
def test_runs_are_passed_over_at_every_moment_of_theirs(make_folder: MakeFolder, where: str) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    expected = open_dataset(root).fingerprint
    run = root / where
    run.mkdir(parents=True)
    (run / LOCK).write_text("123\n")
    assert open_dataset(root).fingerprint == expected
    begun(run)
    assert open_dataset(root).fingerprint == expected
    (run / NAME).unlink()
    assert open_dataset(root).fingerprint == expected
    assert open_dataset(root, resolution=4).classes == ("cat", "dog")


def test_a_folder_of_runs_that_were_removed_is_no_class(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    (root / "runs").mkdir()
    assert open_dataset(root).classes == ("cat", "dog")


def test_images_beside_a_run_are_not_passed_over(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 5, "dog": 5, "runs": 5, "cow": 5})
    begun(root / "runs" / "pets")
    (root / "cow" / NAME).write_text('{"of": "the cow"}')  # a name alone says nothing
    assert open_dataset(root, skip_bad=True).classes == ("cat", "cow", "dog", "runs")


def test_the_cache_is_passed_over(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    first = open_dataset(root, cache=root / "cache")
    again = open_dataset(root, cache=root / "cache", resolution=4)
    assert first.classes == again.classes == ("cat", "dog")


def test_runs_are_passed_over_in_archives(make_folder: MakeFolder, tmp_path: Path) -> None:
    import shutil

    root = make_folder({"cat": 5, "dog": 5})
    expected = open_dataset(root).fingerprint
    begun(root / "runs" / "pets")
    for kind in ("zip", "gztar"):
        assert open_dataset(shutil.make_archive(str(tmp_path / "packed"), kind, root)).fingerprint == expected


def test_a_run_is_no_data_set(tmp_path: Path) -> None:
    begun(tmp_path / "run")
    with pytest.raises(FeatherboneError):
        open_dataset(tmp_path / "run")
