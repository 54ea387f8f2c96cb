"""What a batch needs is asked for in time and exactly; what lies in memory is left alone; batches stay the same."""

from __future__ import annotations

import mmap
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from featherbone.data import Split, ahead
from featherbone.data.ahead import ReadAhead, ask_for
from featherbone.data.batches import Batching, TensorFormat, batches

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the calls are Linux's")


class System:
    """Notes what is asked for, in bytes of the file, and says what it is told of what is in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, images: np.ndarray, *, missing: bool) -> None:
        self.asked: list[tuple[int, int]] = []
        self.looked, self.missing, self.waits = 0, missing, 0
        self._base = images.ctypes.data // mmap.PAGESIZE * mmap.PAGESIZE
        monkeypatch.setattr(ahead, "_library", lambda: self)
        monkeypatch.setattr(ahead, "_waits", lambda: self.waits)

    def madvise(self, address: int, length: int, advice: int) -> int:
        assert (address % mmap.PAGESIZE, advice) == (0, 3)
        self.asked.append((address - self._base, length))
        return 0

    def mincore(self, address: int, length: int, found: object) -> int:
        self.looked += 1
        found._obj.value = 0 if self.missing else 1
        return 0


def mapped(folder: Path, count: int, size: int) -> np.ndarray:
    np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8).tofile(folder / "images")
    return np.memmap(folder / "images", dtype=np.uint8, mode="r", shape=(count, size, size, 3))


@on_linux
def test_what_is_asked_for_covers_the_rows_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = mapped(tmp_path, 40, 64)  # three pages each
    system = System(monkeypatch, images, missing=True)
    assert ask_for(images, np.array([0, 1, 7, 20])) == 3
    page = mmap.PAGESIZE
    assert system.asked == [(0, 6 * page), (21 * page, 3 * page), (60 * page, 3 * page)]


@on_linux
def test_rows_that_share_a_page_are_one_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = mapped(tmp_path, 64, 8)  # 192 bytes each: 21 in a page
    system = System(monkeypatch, images, missing=True)
    assert ask_for(images, np.array([0, 5, 30])) == 1
    assert system.asked == [(0, 2 * mmap.PAGESIZE)]


@on_linux
def test_the_next_two_batches_are_asked_for_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = mapped(tmp_path, 40, 64)
    system = System(monkeypatch, images, missing=True)
    read_ahead = ReadAhead(images, lambda number: np.array([4 * number]) if number < 5 else None)
    seen = []
    for number in range(-1, 5):
        read_ahead(number)
        seen.append(len(system.asked))
    assert seen == [2, 3, 4, 5, 5, 5]
    assert [begin for begin, _ in system.asked] == [12 * mmap.PAGESIZE * number for number in range(5)]


@on_linux
def test_what_is_in_memory_is_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = mapped(tmp_path, 40, 64)
    system = System(monkeypatch, images, missing=False)
    read_ahead = ReadAhead(images, lambda number: np.arange(4))
    for number in range(-1, 10):
        read_ahead(number)
    assert (system.asked, system.looked > 0) == ([], True)
    system.waits = 1  # the system said that all is there, and yet a page was waited for
    read_ahead(10)
    assert len(system.asked) == 1
    for number in range(11, 200):
        read_ahead(number)
    assert len(system.asked) == ahead.PATIENCE


def test_arrays_in_memory_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.zeros((4, 8, 8, 3), dtype=np.uint8)
    system = System(monkeypatch, images, missing=True)
    ReadAhead(images, lambda number: np.arange(4))(-1)
    assert (system.asked, system.looked) == ([], 0)


@on_linux
def test_pages_that_were_dropped_come_back_and_batches_are_the_same(tmp_path: Path) -> None:
    images = mapped(tmp_path, 200, 64)
    with (tmp_path / "images").open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def one_pass(source: np.ndarray, first: int = 0) -> list[torch.Tensor]:
        made = batches(
            Split(images=source, labels=np.zeros(200, dtype=np.int64), paths=()),
            Batching(batch_size=16, shuffle=True, first=first),
            TensorFormat(mean=(0.5,) * 3, std=(0.25,) * 3),
            generator=torch.Generator().manual_seed(0),
        )
        return [images for images, _ in made]

    expected = one_pass(np.array(images))
    assert all(a.equal(b) for a, b in zip(one_pass(images), expected, strict=True))
    assert all(a.equal(b) for a, b in zip(one_pass(images, first=5), expected[5:], strict=True))
