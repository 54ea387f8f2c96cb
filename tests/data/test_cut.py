"""The kernel that makes batches gives the bits that torch gives, whatever is cut, and reads no pixel of others."""

from __future__ import annotations

import ctypes
import mmap
import shutil
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from featherbone.data import Split, cut
from featherbone.data.augment import Augment
from featherbone.data.augment.crop import crop_and_flip, draw_crop
from featherbone.data.batches import Batching, TensorFormat, batches
from featherbone.data.cut import cut_pixels, cut_rows

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler here"
)
MEAN, STD = (0.4914, 0.4822, 0.4465, 0.5), (0.247, 0.2435, 0.2616, 0.31)


def bits(images: torch.Tensor) -> torch.Tensor:
    assert images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last)
    return images.view(torch.int32)


@needs_compiler
@settings(max_examples=150, deadline=None)
@given(
    seed=some.integers(0, 2**30),
    count=some.integers(0, 9),
    shape=some.tuples(some.integers(1, 20), some.integers(1, 20), some.integers(1, 4)),
    border=some.integers(0, 30),
    flip=some.booleans(),
    whole=some.booleans(),
)
def test_kernel_and_torch_give_the_same_bits(
    seed: int, count: int, shape: tuple[int, int, int], border: int, flip: bool, whole: bool
) -> None:
    random, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    images = random.integers(0, 256, (11, *shape), dtype=np.uint8)
    images.flags.writeable = False
    rows = random.integers(0, 11, count)
    drawn = None if whole else draw_crop(count, border, flip, generator)
    mean, std = MEAN[: shape[2]], STD[: shape[2]]
    found = cut_rows(images, rows, mean, std, drawn, border=border)
    pixels = torch.from_numpy(images[rows]).permute(0, 3, 1, 2)
    assert bits(found).equal(bits(cut_pixels(pixels, mean, std, drawn, border=border)))
    if drawn is not None:  # and as each step does for itself
        assert found.equal(crop_and_flip(cut_pixels(pixels, mean, std), border, drawn))


@needs_compiler
def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    drawn = draw_crop(40, 4, True, torch.Generator().manual_seed(0))
    monkeypatch.setattr(cut, "SHARED", 0)
    before, results = torch.get_num_threads(), []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        results.append(cut_rows(images, np.arange(40), MEAN[:3], STD[:3], drawn, border=4))
    torch.set_num_threads(before)
    assert bits(results[0]).equal(bits(results[1]))


@needs_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="pages are protected by Linux's mprotect")
def test_nothing_behind_the_last_image_is_read() -> None:
    """A kernel that does stops the process here: the next page may not be touched."""
    mapped = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    images = np.frombuffer(mapped, dtype=np.uint8, count=48, offset=mmap.PAGESIZE - 48).reshape(1, 4, 4, 3)
    libc = ctypes.CDLL(None)
    behind = ctypes.c_void_p(images.ctypes.data + 48)
    assert libc.mprotect(behind, ctypes.c_size_t(mmap.PAGESIZE), 0) == 0
    found = cut_rows(images, np.array([0]), MEAN[:3], STD[:3], torch.tensor([[1, 1, 1]]), border=1)
    assert found.equal(cut_rows(images.copy(), np.array([0]), MEAN[:3], STD[:3], torch.tensor([[1, 1, 1]]), border=1))
    libc.mprotect(behind, ctypes.c_size_t(mmap.PAGESIZE), 3)


def test_rows_that_are_not_there_are_refused() -> None:
    images = np.zeros((3, 2, 2, 1), dtype=np.uint8)
    for row in (3, -4):
        with pytest.raises(IndexError):
            cut_rows(images, np.array([0, row]), [0.5], [0.25])


@needs_compiler
@pytest.mark.parametrize(
    "augment",
    [
        None,
        Augment(pad=2, flip=True),
        Augment(flip=True, erase=0.5),
        Augment(pad=1, shift_scale_rotate=(0.1, 0.1, 10)),
        Augment(pad=2, flip=True, trivial_augment=True, cutmix=1.0),
    ],
)
def test_batches_are_the_same_without_a_compiler(augment: Augment | None, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    split = Split(images=images, labels=np.arange(20) % 3, paths=("",) * 20)

    def one_pass() -> list[torch.Tensor]:
        made = batches(
            split,
            Batching(batch_size=8, shuffle=True),
            TensorFormat(mean=MEAN[:3], std=STD[:3]),
            generator=torch.Generator().manual_seed(0),
            augment=augment,
        )
        return [bits(images).clone() for images, _ in made]

    with_kernel = one_pass()
    monkeypatch.setattr(cut, "_library", lambda: None)
    assert all(a.equal(b) for a, b in zip(with_kernel, one_pass(), strict=True))
