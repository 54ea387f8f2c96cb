"""Compiled C++ comes from a folder and a file of one's own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from featherbone.compiled import compiled
from featherbone.errors import FeatherboneError

SOURCE = 'extern "C" int answer() { return 42; }'


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path / "cache"))
    compiled.cache_clear()
    path = tmp_path / "answer.cpp"
    path.write_text(SOURCE)
    return path


def library_of(source: Path) -> Path:
    compiled.cache_clear()
    assert compiled(source).answer() == 42
    (library,) = (source.parent / "cache" / "kernels").glob("*.so")
    return library


def test_nobody_else_may_write_what_is_loaded(source: Path) -> None:
    library = library_of(source)
    assert library.parent.stat().st_mode & 0o777 == 0o700
    assert not library.stat().st_mode & 0o022
    made = library.stat().st_ino
    assert library_of(source).stat().st_ino == made, "it is kept"
    library.chmod(0o777)
    library.parent.chmod(0o777)
    assert library_of(source).stat().st_ino != made, "compiled anew"
    assert library.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in library.parent.iterdir()] == [library.name]


def test_a_link_in_its_place_is_not_loaded(source: Path) -> None:
    library = library_of(source)
    elsewhere = source.with_suffix(".so")
    os.replace(library, elsewhere)
    library.symlink_to(elsewhere)
    assert not library_of(source).is_symlink()


def test_a_folder_that_is_a_link_is_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "kernels").symlink_to(tmp_path / "theirs")
    with pytest.raises(FeatherboneError, match="which is a link or another user's"):
        compiled(source)


def test_another_users_folder_is_refused(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library_of(source)
    compiled.cache_clear()
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(FeatherboneError, match="another user's"):
        compiled(source)
