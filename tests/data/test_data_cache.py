"""The second start opens no image, and never believes a damaged file."""

from __future__ import annotations

import errno
import os
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featherbone.data import cache as cache_module
from featherbone.data import index as index_module
from featherbone.data import open_dataset
from featherbone.errors import FeatherboneError

MakeFolder = Callable[..., Path]


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one entry with each image that is decoded."""
    decoded: list[str] = []
    real = index_module.decode

    def counting(content: bytes, **options: Any) -> np.ndarray:
        decoded.append("image")
        return real(content, **options)

    monkeypatch.setattr(index_module, "decode", counting)
    return decoded


def array_of(cache: Path) -> Path:
    (path,) = cache.glob("*.npy")
    return path


def test_the_second_start_decodes_nothing(make_folder: MakeFolder, builds: list[str]) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    first = open_dataset(root)
    assert len(builds) == 10
    second = open_dataset(str(root))
    assert len(builds) == 10
    assert second.fingerprint == first.fingerprint
    assert np.array_equal(second.splits["test"].images, first.splits["test"].images)
    assert (second.mean, second.std, second.classes) == (first.mean, first.std, first.classes)


def test_a_zip_may_move_and_a_folder_may_not_change(make_folder: MakeFolder, tmp_path: Path, builds: list[str]) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    archive = Path(shutil.make_archive(str(tmp_path / "pets"), "zip", root))
    open_dataset(archive)
    open_dataset(archive.rename(tmp_path / "moved.zip"))
    assert len(builds) == 10
    open_dataset(root)
    assert len(builds) == 20
    (root / "cat" / "0.png").write_bytes((root / "cat" / "0.png").read_bytes() + b" ")
    open_dataset(root)
    assert len(builds) == 30


def test_the_cache_argument_wins_over_the_variable(make_folder: MakeFolder, tmp_path: Path, cache: Path) -> None:
    open_dataset(make_folder({"cat": 5, "dog": 5}), cache=tmp_path / "mine")
    assert len(list((tmp_path / "mine").iterdir())) == 3
    assert not cache.exists()


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) * 3 // 4] ^= 1
    path.write_bytes(content)


def test_a_zip_with_other_content_of_the_same_size_is_seen(
    make_folder: MakeFolder, tmp_path: Path, encode: Callable[..., bytes], builds: list[str]
) -> None:
    path = tmp_path / "pets.zip"
    for value in (1, 2):
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(6):
                pixels = np.full((4, 4), number * 10, dtype=np.uint8)
                pixels[0, 0] = value
                archive.writestr(f"{'cat' if number < 3 else 'dog'}/{number}.bmp", encode(pixels, "BMP"))
        os.utime(path, (0, 0))
        assert open_dataset(path).splits["train"].images[0, 0, 0, 0] == value


@pytest.mark.parametrize("suffix", [".npy", ".json"])
@pytest.mark.parametrize(
    "damage",
    [
        flip_a_bit,
        Path.unlink,
        lambda path: os.truncate(path, path.stat().st_size - 7),
        lambda path: os.truncate(path, 0),
    ],
    ids=["bit", "gone", "short", "empty"],
)
def test_a_damaged_cache_is_built_again(
    make_folder: MakeFolder, cache: Path, builds: list[str], suffix: str, damage: Callable[[Path], None]
) -> None:
    root = make_folder({"cat": 5, "dog": 5})
    expected = np.array(open_dataset(root).splits["train"].images)
    (path,) = cache.glob(f"*{suffix}")
    damage(path)
    again = open_dataset(root)
    assert len(builds) == 20
    assert np.array_equal(again.splits["train"].images, expected)
    open_dataset(root)
    assert len(builds) == 20


def test_of_a_large_array_blocks_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "_BLOCK", 10)
    monkeypatch.setattr(cache_module, "_CHECKED_BYTES", 50)
    path = tmp_path / "a.npy"
    path.write_bytes(bytes(1000))
    before = cache_module.checksum(path)
    changed = []
    for place in range(0, 1000, 10):
        content = bytearray(1000)
        content[place] = 1
        path.write_bytes(content)
        if cache_module.checksum(path) != before:
            changed.append(place)
    assert (changed[0], changed[-1], len(changed)) == (0, 990, 5)
    path.write_bytes(bytes(1001))
    assert cache_module.checksum(path) != before


def test_a_failed_write_leaves_nothing_and_is_explained(
    make_folder: MakeFolder, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    root = make_folder({"cat": 5, "dog": 5})
    real = os.fsync
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FeatherboneError, match="No space left on device") as caught:
        open_dataset(root)
    monkeypatch.setattr(os, "fsync", real)
    assert "FEATHERBONE_CACHE" in caught.value.hint
    assert [path.suffix for path in cache.iterdir()] == [".survey"]  # what was read, and no half of an array
    assert open_dataset(root).classes == ("cat", "dog")


def test_too_little_space_is_told_before_decoding(
    make_folder: MakeFolder, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(".")._replace(free=100)
    monkeypatch.setattr(cache_module.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(FeatherboneError, match=r"need 0\.0 GiB"):
        open_dataset(make_folder({"cat": 5, "dog": 5}))
    assert builds == []


def test_a_cache_that_is_a_file_is_explained(make_folder: MakeFolder, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(FeatherboneError, match=r"the cache '.*taken' can't be written"):
        open_dataset(make_folder({"cat": 5, "dog": 5}), cache=tmp_path / "taken")


def test_leftovers_of_killed_runs_are_removed_after_a_day(make_folder: MakeFolder, cache: Path) -> None:
    cache.mkdir()
    old, fresh = cache / ".old.npy.1234.tmp", cache / ".fresh.npy.1234.tmp"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 90_000,) * 2)
    open_dataset(make_folder({"cat": 5, "dog": 5}))
    assert not old.exists()
    assert fresh.exists()


def test_the_array_is_a_plain_npy_file(make_folder: MakeFolder, cache: Path) -> None:
    data = open_dataset(make_folder({"cat": 5, "dog": 5}))
    array = np.load(array_of(cache))
    assert np.array_equal(array, np.concatenate([split.images for split in data.splits.values()]))
    assert array_of(cache).stem == data.fingerprint
