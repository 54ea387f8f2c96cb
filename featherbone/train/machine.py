"""What makes this machine train small networks faster, without changing what is computed."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch

from featherbone.train.setting import Setting

# malloc.h of glibc: the parameters' numbers, and values that keep freed memory with the process.
_SETTINGS = {"M_MMAP_THRESHOLD": (-3, 2**30), "M_TRIM_THRESHOLD": (-1, 2**31 - 1), "M_TOP_PAD": (-2, 64 * 2**20)}


@cache
def keep_freed_memory() -> bool:
    """Tell glibc to reuse large blocks instead of giving them back to the kernel; whether it took effect.

    >>> keep_freed_memory() in (True, False)
    True

    Every feature map is a large block, and by default each is mapped, cleared page by page and unmapped again in every
    step. It holds for the whole process, which keeps its peak memory until it ends. Other C libraries are left alone.
    """
    names = getattr(os, "confstr_names", {})
    if "CS_GNU_LIBC_VERSION" not in names or not (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc"):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all(mallopt(number, value) == 1 for number, value in _SETTINGS.values())


@contextmanager
def threads_of(setting: Setting) -> Iterator[Setting]:
    """Torch has the setting's number of threads inside, and afterwards as many as before.

    >>> with threads_of(Setting(threads=1)):
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    wanted = setting.threads or before
    if wanted != before:
        torch.set_num_threads(wanted)
    try:
        yield setting
    finally:
        if wanted != before:
            torch.set_num_threads(before)
