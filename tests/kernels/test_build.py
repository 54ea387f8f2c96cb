"""Compiled kernels come from a folder and a file of one's own; without them PyTorch computes the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.kernels import build as native
from featherbone.train.machine.setting import Setting
from featherbone.train.machine.usable import usable

SOURCE = 'extern "C" int answer() { return 42; }'


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path / "cache"))
    native.kernels.cache_clear()
    path = tmp_path / "answer.cpp"
    path.write_text(SOURCE)
    return path


def compiled(source: Path) -> Path:
    native.kernels.cache_clear()
    assert native.kernels(source).answer() == 42
    (library,) = (source.parent / "cache" / "kernels").glob("*.so")
    return library


def test_nobody_else_may_write_what_is_loaded(source: Path) -> None:
    library = compiled(source)
    assert library.parent.stat().st_mode & 0o777 == 0o700
    assert not library.stat().st_mode & 0o022
    made = library.stat().st_ino
    assert compiled(source).stat().st_ino == made, "it is kept"
    library.chmod(0o777)
    library.parent.chmod(0o777)
    assert compiled(source).stat().st_ino != made, "compiled anew"
    assert library.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in library.parent.iterdir()] == [library.name]


def test_a_link_in_its_place_is_not_loaded(source: Path) -> None:
    library = compiled(source)
    elsewhere = source.with_suffix(".so")
    os.replace(library, elsewhere)
    library.symlink_to(elsewhere)
    assert not compiled(source).is_symlink()


def test_a_folder_that_is_a_link_is_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "kernels").symlink_to(tmp_path / "theirs")
    with pytest.raises(FeatherboneError, match="which is a link or another user's"):
        native.kernels(source)


def test_another_users_folder_is_refused(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled(source)
    native.kernels.cache_clear()
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(FeatherboneError, match="another user's"):
        native.kernels(source)


def test_where_kernels_fail_the_setting_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(source: Path) -> None:
        raise FeatherboneError("there is no C++ compiler")

    monkeypatch.setattr("featherbone.train.machine.usable.kernels", failing)
    setting, note = usable(Setting(fused=True, precision="bfloat16"))
    assert setting == Setting(fused=False, precision="bfloat16")
    assert note.startswith("there is no C++ compiler; PyTorch's own kernels are used")
    assert usable(Setting()) == (Setting(), "")
