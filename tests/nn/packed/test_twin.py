"""The coder in C++ and its twin in NumPy write the same bytes and read the same levels, whatever these are."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import numpy as np
import pytest

from featherbone.nn.packed import twin
from featherbone.nn.packed.levels import _library, decode_levels, encode_levels
from featherbone.nn.packed.shape import LevelShape

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler here"
)
SHAPES = [(70, 5, 3, 3), (130, 7), (6, 1, 5, 5), (9, 4, 1, 7), (12, 6, 1, 1), (33,), (3, 2, 7, 7), (4, 2, 3, 3, 3)]


def drawn(shapes: Sequence[tuple[int, ...]], scale: float, seed: int) -> list[np.ndarray]:
    """Levels of the kinds of shapes that weights have, whose size differs from row to row, some rows all 0."""
    generator = np.random.default_rng(seed)
    found = []
    for shape in shapes:
        rows = generator.exponential(scale, (shape[0],) + (1,) * (len(shape) - 1)) * generator.integers(
            0, 3, (shape[0],) + (1,) * (len(shape) - 1)
        )
        found.append(np.clip(np.rint(generator.laplace(0, 1, shape) * rows), -32767, 32767).astype(np.int16))
    return found


@needs_compiler
@pytest.mark.parametrize(("scale", "seed"), [(0.4, 0), (2.0, 1), (60.0, 2), (4000.0, 3)])
def test_the_compiled_coder_and_its_twin_agree_to_the_bit(scale: float, seed: int) -> None:
    layers = drawn(SHAPES, scale, seed)
    shapes = [LevelShape.of(layer.shape) for layer in layers]
    flat = np.concatenate([layer.reshape(-1) for layer in layers]).astype(np.int64)
    assert _library(len(flat)) is not None, "the compiled one is used"
    content = encode_levels(layers)
    assert twin.encoded(flat, shapes) == content
    assert (twin.decoded(content, shapes) == flat).all()
    for layer, again in zip(layers, decode_levels(content, [each.shape for each in layers]), strict=True):
        np.testing.assert_array_equal(layer, again)


@needs_compiler
def test_any_bytes_give_the_same_levels() -> None:
    """A damaged file is not damaged differently on a machine without a compiler."""
    content = np.random.default_rng(4).bytes(900)
    shapes = [(70, 9, 3, 3), (20, 5)]
    described = [LevelShape.of(shape) for shape in shapes]
    found = np.concatenate([layer.reshape(-1) for layer in decode_levels(content, shapes)])
    np.testing.assert_array_equal(found, twin.decoded(content, described))


def test_extremes_come_back() -> None:
    layer = np.array([[-32767, 32767, 0, 1, -1, 2, 16384, -16383]], np.int16)
    (again,) = decode_levels(encode_levels([layer]), [layer.shape])
    np.testing.assert_array_equal(layer, again)
    empty = np.zeros((0, 3), np.int16)
    assert decode_levels(encode_levels([empty]), [(0, 3)])[0].shape == (0, 3)
    assert decode_levels(encode_levels([]), []) == []


def test_levels_alike_cost_less_than_their_entropy() -> None:
    """Rows and columns of different sizes are told apart: fewer bits than any code of single levels can have."""
    generator = np.random.default_rng(5)
    sizes = generator.exponential(1.0, (64, 1, 1, 1)) * generator.exponential(1.0, (1, 24, 1, 1))
    layer = np.rint(generator.laplace(0, 1, (64, 24, 3, 3)) * sizes).astype(np.int16)
    share = np.unique(layer, return_counts=True)[1] / layer.size
    entropy = -(share * np.log2(share)).sum() * layer.size / 8
    assert len(encode_levels([layer])) < 0.9 * entropy
