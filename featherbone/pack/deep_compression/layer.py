"""A layer as Deep Compression keeps it: shared values, which of them each kept weight has, and the gaps between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from featherbone.errors import FeatherboneError
from featherbone.pack.deep_compression.gaps import gaps_between, places_after
from featherbone.pack.deep_compression.pruning import Mask, Weights
from featherbone.pack.deep_compression.sharing import share

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class SharedWeights:
    """The kept weights of a layer: of each its index, 0 for a filler, else one more than its place in ``codebook``.

    >>> found = SharedWeights(
    ...     shape=(2, 3), bits=2, gap_bits=1, codebook=np.array([-1, 2], np.float32),
    ...     indices=np.array([2, 0, 1]), gaps=np.array([0, 1, 1]),
    ... )
    >>> found.weights()
    array([[ 2.,  0.,  0.],
           [ 0., -1.,  0.]], dtype=float32)
    """

    shape: Sequence[int]
    bits: int
    gap_bits: int
    codebook: npt.NDArray[np.float32]
    indices: Integers
    gaps: Integers

    def weights(self) -> Weights:
        """The layer's weights in its shape.

        Raises:
            FeatherboneError: gaps that lead out of it, or an index that no shared value has.
        """
        places, size = places_after(self.gaps), prod(self.shape)
        if places.size and places[-1] >= size:
            raise FeatherboneError(f"its gaps lead to weight {places[-1] + 1:,} of a layer of {size:,}")
        if self.indices.max(initial=0) > self.codebook.size:
            raise FeatherboneError(f"shared value {self.indices.max()} of {self.codebook.size}")
        flat = np.zeros(size, np.float32)
        flat[places] = np.concatenate([np.zeros(1, np.float32), self.codebook])[self.indices]
        return flat.reshape(tuple(self.shape))


def shared_weights(weights: Weights, kept: Mask, bits: int, gap_bits: int) -> SharedWeights:
    """The kept weights of a layer with at most 2**bits - 1 values between them; one index is the filler's.

    >>> weights = np.array([[0.9, 0.1, -2], [0, 1.1, 0.2]], np.float32)
    >>> shared_weights(weights, np.abs(weights) > 0.5, bits=2, gap_bits=3).weights()
    array([[ 1.,  0., -2.],
           [ 0.,  1.,  0.]], dtype=float32)
    """
    places = np.flatnonzero(kept.reshape(-1))
    codebook, own = share(weights.reshape(-1)[places], 2**bits - 1)
    gaps, ends = gaps_between(places, gap_bits)
    indices = np.zeros(gaps.size, np.int64)
    indices[ends] = own + 1
    return SharedWeights(
        shape=weights.shape, bits=bits, gap_bits=gap_bits, codebook=codebook, indices=indices, gaps=gaps
    )
