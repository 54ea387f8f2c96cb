"""Levels of layers to bytes and back, by the C++ of this machine where there is a compiler, else by its twin."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from featherbone.compiled import compiled
from featherbone.errors import FeatherboneError
from featherbone.nn.packed import twin
from featherbone.nn.packed.logistic import bin_table, squash_table, stretch_table
from featherbone.nn.packed.shape import LevelShape

SOURCE = Path(__file__).with_name("levels.cpp")
LARGEST = 2**15 - 1  # magnitude of a level
SMALL = 4096  # levels that are not worth a compiler

Levels = npt.NDArray[np.int16]


def encode_levels(layers: Sequence[Levels]) -> bytes:
    """The levels of layers, whole numbers in the shapes of their weights, as few bytes.

    >>> layers = [np.eye(8, dtype=np.int16), np.zeros((8, 8, 3, 3), np.int16)]
    >>> content = encode_levels(layers)
    >>> len(content), [bool((a == b).all()) for a, b in zip(layers, decode_levels(content, [(8, 8), (8, 8, 3, 3)]))]
    (7, [True, True])

    A shape is channels written, channels read by each, sides of the kernel. What has been coded tells what is likely of
    the rest, from layer to layer.

    Raises:
        FeatherboneError: a level beyond ±32,767.
    """
    shapes = [LevelShape.of(layer.shape) for layer in layers]
    for layer in layers:
        if layer.size and max(-int(layer.min()), int(layer.max())) > LARGEST:
            raise FeatherboneError(
                f"a level of {int(layer.min())} or {int(layer.max())}; at most ±{LARGEST:,} are coded"
            )
    flat = np.concatenate([layer.reshape(-1) for layer in layers] or [np.empty(0, np.int16)]).astype(np.int16)
    table, library = _table(shapes), _library(len(flat))
    if library is None:
        return twin.encoded(flat.astype(np.int64), shapes)
    target = np.empty(4 * len(flat) + 64, np.uint8)
    written = library.encode_levels(_pointer(flat), *_given(table), _pointer(target), ctypes.c_int64(len(target)))
    return target[:written].tobytes()


def decode_levels(content: bytes, shapes: Sequence[Sequence[int]]) -> list[Levels]:
    """The levels that ``encode_levels`` coded, in these shapes.

    Any bytes are levels of some kind: whoever keeps them sees by a checksum that they are the ones that were written.
    """
    described = [LevelShape.of(shape) for shape in shapes]
    flat = np.zeros(sum(shape.size for shape in described), np.int16)
    table, library = _table(described), _library(len(flat))
    if library is None:
        flat = twin.decoded(content, described).astype(np.int16)
    else:
        source = np.frombuffer(content, np.uint8)
        library.decode_levels(_pointer(flat), *_given(table), _pointer(source), ctypes.c_int64(len(source)))
    ends = np.cumsum([0, *(shape.size for shape in described)])
    return [flat[start:stop].reshape(shape) for (start, stop), shape in zip(pairwise(ends), shapes, strict=True)]


def _library(count: int) -> ctypes.CDLL | None:
    """The compiled coder, or None where it is not worth it or cannot be had: its twin gives the same bits."""
    if count < SMALL:
        return None
    try:
        library = compiled(SOURCE)
    except FeatherboneError:
        return None
    library.encode_levels.restype = ctypes.c_int64
    return library


def _table(shapes: Sequence[LevelShape]) -> npt.NDArray[np.int32]:
    return np.array([tuple(shape) for shape in shapes], np.int32).reshape(-1, 4)


def _given(table: npt.NDArray[np.int32]) -> tuple[ctypes.c_void_p | ctypes.c_int, ...]:
    """What both functions of the library are told: the shapes, and the tables."""
    tables = (stretch_table(), squash_table(), bin_table())
    return (_pointer(table), ctypes.c_int(len(table)), *(_pointer(each) for each in tables))


def _pointer(array: npt.NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
