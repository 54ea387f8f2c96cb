"""Where windows lie on a map: for each tap of a kernel, the values that it meets as the kernel slides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

Tap = tuple[int, ...]


def padded(values: np.ndarray, padding: Sequence[Sequence[int]], fill: int, beyond: Sequence[int] = ()) -> np.ndarray:
    """Maps (images × channels × sides) with ``fill`` at the edges, and ``beyond`` more of it after each side."""
    more = beyond or (0,) * len(padding)
    edges = [(int(before), int(after) + extra) for (before, after), extra in zip(padding, more, strict=True)]
    return np.pad(values, [(0, 0), (0, 0), *edges], constant_values=fill)


def taps(
    values: np.ndarray, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], written: Sequence[int]
) -> Iterator[tuple[Tap, np.ndarray]]:
    """Each tap of a kernel with what it meets at the places that are ``written``; the maps are padded already."""
    for tap in product(*(range(int(side)) for side in kernel)):
        cut = []
        for place, step, apart, count in zip(tap, stride, dilation, written, strict=True):
            start = place * int(apart)
            cut.append(slice(start, start + (int(count) - 1) * int(step) + 1, int(step)))
        yield tap, values[(slice(None), slice(None), *cut)]
