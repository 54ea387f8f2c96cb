"""Our kernels for training as a compiled library that shares PyTorch's threads."""

from __future__ import annotations

import ctypes
from pathlib import Path

import torch  # its OpenMP is loaded first, so that the kernels share its threads  # noqa: F401

from featherbone.compiled import compiled


def kernels(source: Path, *flags: str) -> ctypes.CDLL:
    """The library of a C++ file of kernels.

    Raises `FeatherboneError` as ``compiled`` does.
    """
    return compiled(source, "-fopenmp", *flags)
