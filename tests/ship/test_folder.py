"""What a person names becomes image files: folders whole, files as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.ship.folder import image_files


def test_folders_are_read_below_and_in_order(tmp_path: Path) -> None:
    for name in ("b/2.JPG", "b/1.png", "a.webp", "b/notes.txt", ".git/x.png", "b/.hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "c.png").mkdir()
    found = image_files([tmp_path, Path("missing.png")])
    assert [str(path.relative_to(tmp_path)) for path in found[:-1]] == ["a.webp", "b/1.png", "b/2.JPG"]
    assert found[-1] == Path("missing.png"), "who opens it says that it is missing"


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(FeatherboneError, match="holds no images"):
        image_files([tmp_path])
