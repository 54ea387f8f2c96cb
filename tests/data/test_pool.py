"""Images that no classifier can be trained by, but that a trained one can be fitted to and judged by."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from featherbone.data import Dataset, open_dataset, open_photos
from featherbone.errors import FeatherboneError


def photos(source: Path, **asked: bool) -> Dataset:
    return open_photos(source, resolution=8, channels=3, **asked)


def every_path(dataset: Dataset) -> list[str]:
    return sorted(path for split in dataset.splits.values() for path in split.paths)


def test_photos_without_class_folders_have_no_labels(make_folder: Callable[..., Path]) -> None:
    found = photos(make_folder({"": 14, "trip": 6}))
    assert found.classes == ()
    assert [len(found.splits[name].labels) for name in ("train", "val", "test")] == [14, 3, 3]
    assert all(set(split.labels) == {-1} for split in found.splits.values())
    assert len(set(every_path(found))) == 20
    assert any("no class folders" in warning for warning in found.warnings)


def test_classes_of_one_photo_each_keep_their_labels(make_folder: Callable[..., Path]) -> None:
    found = photos(make_folder({f"pets/{name}": 1 for name in "abcdefghij"}))
    assert found.classes == tuple("abcdefghij")
    assert [len(found.splits[name].labels) for name in ("train", "val", "test")] == [6, 2, 2]
    for split in found.splits.values():
        assert [Path(path).parent.name for path in split.paths] == [found.classes[label] for label in split.labels]


def test_a_zip_of_them_is_read_as_its_folder(make_folder: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_folder({"pets/a": 1, "pets/b": 2, "pets/c": 1})
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(folder))
    one, other = (photos(source) for source in (folder, tmp_path / "pets.zip"))
    assert one.fingerprint == other.fingerprint
    for name, split in one.splits.items():
        assert np.array_equal(split.labels, other.splits[name].labels)


def test_what_can_be_divided_by_class_is_the_same_data_set(make_folder: Callable[..., Path]) -> None:
    folder = make_folder({"cat": 10, "dog": 10})
    assert photos(folder).fingerprint == open_dataset(folder, resolution=8, channels=3).fingerprint


@pytest.mark.parametrize("content", [{"": 20}, {"holiday": 20}, {"cat": 1, "dog": 20}])
def test_nothing_is_trained_by_them(make_folder: Callable[..., Path], content: dict[str, int]) -> None:
    with pytest.raises(FeatherboneError, match="class"):
        open_dataset(make_folder(content))


def test_a_second_call_opens_no_image(make_folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder({"": 9})
    first = photos(folder)
    monkeypatch.setattr("featherbone.data.index.decode", lambda *_: pytest.fail("opened again"))
    assert photos(folder).fingerprint == first.fingerprint


def test_two_images_are_too_few(make_folder: Callable[..., Path]) -> None:
    with pytest.raises(FeatherboneError, match="2 usable images are too few to divide"):
        photos(make_folder({"": 2}))


def test_files_that_are_no_images_are_named_or_left_out(make_folder: Callable[..., Path]) -> None:
    folder = make_folder({"": 8})
    (folder / "notes.txt").write_text("by the sea")
    with pytest.raises(FeatherboneError, match=re.escape("notes.txt")):
        photos(folder)
    found = photos(folder, skip_bad=True)
    assert len(every_path(found)) == 8
    assert [path for path, _ in found.skipped] == ["notes.txt"]
