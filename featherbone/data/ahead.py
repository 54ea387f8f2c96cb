"""Rows of a memory map are asked for before they are needed, where reading them means waiting for the disk.

A set that does not fit the memory is read again in every epoch, its images in random order. By itself the system reads
what is touched when it is touched, a page at a time or megabytes around it. Told in time, it reads the images of a
batch, and no more, while a step is computed.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
from collections.abc import Callable
from functools import cache

import numpy as np

BATCHES = 2  # that are asked for beyond the one that is computed
PATIENCE = 64  # batches after the last missing page; then nothing is asked for, as it takes time where all is in memory
SAMPLED = 8  # images of a batch, whose first pages are looked for
_MADV_WILLNEED = 3  # of Linux's mman-common.h


class ReadAhead:
    """Called before the first batch and after each, it asks for the next ones if pages were missing lately.

    `rows_of` gives the rows of the batch of a number, None behind the last one. Arrays in memory and systems other than
    Linux are left alone.
    """

    def __init__(self, images: np.ndarray, rows_of: Callable[[int], np.ndarray | None]) -> None:
        self._images, self._rows_of = images, rows_of
        self._can = sys.platform == "linux" and isinstance(images, np.memmap) and images.flags.c_contiguous
        self._left, self._asked = 0, -1
        self._waits = _waits() if self._can else 0

    def __call__(self, number: int) -> None:
        """The batch of this number has been read, or with -1 (or one less than the first) none yet."""
        if not self._can:
            return
        for wanted in range(max(self._asked, number) + 1, number + BATCHES + 1):
            rows = self._rows_of(wanted)
            if rows is None or len(rows) == 0:
                return
            self._asked = wanted
            waits = _waits()  # also where the system does not tell what is in memory: the file belongs to another user
            if waits > self._waits or _misses(self._images, rows):
                self._left = PATIENCE
            self._waits = waits
            if self._left > 0:
                self._left -= 1
                ask_for(self._images, rows)


def ask_for(images: np.ndarray, rows: np.ndarray) -> int:
    """Have the system read rows, in rising order, of a memory map, without waiting for it; how many calls it took.

    Rows that share a page, or lie beside each other, are one call.
    """
    size = _bytes(images)
    begins = images.ctypes.data + rows.astype(np.int64) * size
    firsts, ends = begins // mmap.PAGESIZE, -(-(begins + size) // mmap.PAGESIZE)
    apart = np.flatnonzero(firsts[1:] > ends[:-1]) + 1
    pieces = list(zip(firsts[[0, *apart]].tolist(), ends[[*(apart - 1), -1]].tolist(), strict=True))
    for first, end in pieces:
        _library().madvise(first * mmap.PAGESIZE, (end - first) * mmap.PAGESIZE, _MADV_WILLNEED)
    return len(pieces)


def _misses(images: np.ndarray, rows: np.ndarray) -> bool:
    """Whether the first page of any of some of these rows is not in memory."""
    base, size, found = images.ctypes.data, _bytes(images), ctypes.c_ubyte()
    for row in rows[:: max(1, len(rows) // SAMPLED)].tolist():
        page = (base + row * size) // mmap.PAGESIZE * mmap.PAGESIZE
        if _library().mincore(page, 1, ctypes.byref(found)) == 0 and not found.value & 1:
            return True
    return False


def _bytes(images: np.ndarray) -> int:
    """Of one row."""
    return images.itemsize * int(np.prod(images.shape[1:]))


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(None)
    library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    library.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    return library


def _waits() -> int:
    """How often this process has waited for a page from the disk."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt
