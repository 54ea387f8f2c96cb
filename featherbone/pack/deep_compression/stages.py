"""The bytes of a layer after each stage of Deep Compression: pruned, shared, coded by Huffman; and back.

Each begins with the number of entries (kept weights and fillers), four bytes; what has shared values says then how many
there are, two bytes, and lists them in float32. The first two hold gaps and values as fields of bits, the third codes
both. Numbers have the high byte first, floats the low one.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.pack.deep_compression.bit_fields import as_fields, field_bytes, from_fields
from featherbone.pack.deep_compression.gaps import gaps_between, places_after
from featherbone.pack.deep_compression.huffman import huffman_coded, huffman_decoded
from featherbone.pack.deep_compression.layer import SharedWeights
from featherbone.pack.deep_compression.pruning import Mask, Weights

COUNT, VALUES, FLOAT = 4, 2, 4  # bytes of the number of entries, of that of shared values, and of a float


def pruned_bytes(weights: Weights, kept: Mask, gap_bits: int) -> bytes:
    """Kept weights in float32, fillers of 0 among them, and the gaps before each.

    >>> weights = np.array([[0, 0, 5], [0, 7, 0]], np.float32)
    >>> content = pruned_bytes(weights, weights > 0, gap_bits=4)
    >>> len(content), pruned_weights(content, (2, 3), gap_bits=4)
    (13, array([[0., 0., 5.],
           [0., 7., 0.]], dtype=float32))
    """
    places = np.flatnonzero(kept.reshape(-1))
    gaps, ends = gaps_between(places, gap_bits)
    values = np.zeros(gaps.size, "<f4")
    values[ends] = weights.reshape(-1)[places]
    return _count(gaps.size) + as_fields(gaps, gap_bits) + values.tobytes()


def pruned_weights(content: bytes, shape: Sequence[int], gap_bits: int) -> Weights:
    """What ``pruned_bytes`` wrote."""
    count = int.from_bytes(content[:COUNT], "big")
    gaps = from_fields(content[COUNT:], count, gap_bits)
    start = COUNT + field_bytes(count, gap_bits)
    flat = np.zeros(prod(shape), np.float32)
    flat[places_after(gaps)] = np.frombuffer(content[start:], "<f4")
    return flat.reshape(tuple(shape))


def shared_bytes(layer: SharedWeights) -> bytes:
    """Shared values, gaps, and indices of so many bits as they have at most.

    >>> layer = SharedWeights(shape=(4,), bits=2, gap_bits=1, codebook=np.array([0.5], np.float32),
    ...                       indices=np.array([1, 1]), gaps=np.array([0, 1]))
    >>> content = shared_bytes(layer)
    >>> len(content), shared_again(content, (4,), bits=2, gap_bits=1).weights()
    (12, array([0.5, 0. , 0.5, 0. ], dtype=float32))
    """
    fields = as_fields(layer.gaps, layer.gap_bits) + as_fields(layer.indices, layer.bits)
    return _head(layer) + fields


def shared_again(content: bytes, shape: Sequence[int], bits: int, gap_bits: int) -> SharedWeights:
    """What ``shared_bytes`` wrote."""
    count, codebook, start = _read_head(content)
    gaps = from_fields(content[start:], count, gap_bits)
    indices = from_fields(content[start + field_bytes(count, gap_bits) :], count, bits)
    return SharedWeights(shape=shape, bits=bits, gap_bits=gap_bits, codebook=codebook, indices=indices, gaps=gaps)


def coded_bytes(layer: SharedWeights) -> bytes:
    """Shared values, then gaps and indices, each with a Huffman code of its own and that code's table.

    >>> layer = SharedWeights(shape=(4,), bits=2, gap_bits=1, codebook=np.array([0.5], np.float32),
    ...                       indices=np.array([1, 1]), gaps=np.array([0, 1]))
    >>> content = coded_bytes(layer)
    >>> len(content), coded_again(content, (4,), bits=2, gap_bits=1).weights()
    (20, array([0.5, 0. , 0.5, 0. ], dtype=float32))
    """
    return _head(layer) + huffman_coded(layer.gaps) + huffman_coded(layer.indices)


def coded_again(content: bytes, shape: Sequence[int], bits: int, gap_bits: int) -> SharedWeights:
    """What ``coded_bytes`` wrote.

    Raises:
        FeatherboneError: bytes that end too early, or that no Huffman code has.
    """
    count, codebook, start = _read_head(content)
    gaps, used = huffman_decoded(content[start:], count)
    indices, _ = huffman_decoded(content[start + used :], count)
    return SharedWeights(shape=shape, bits=bits, gap_bits=gap_bits, codebook=codebook, indices=indices, gaps=gaps)


def _count(entries: int) -> bytes:
    return entries.to_bytes(COUNT, "big")


def _head(layer: SharedWeights) -> bytes:
    values = layer.codebook.size.to_bytes(VALUES, "big") + layer.codebook.astype("<f4").tobytes()
    return _count(layer.indices.size) + values


def _read_head(content: bytes) -> tuple[int, Weights, int]:
    """How many entries there are, the shared values, and where what follows begins."""
    start = COUNT + VALUES + FLOAT * int.from_bytes(content[COUNT : COUNT + VALUES], "big")
    if len(content) < max(start, COUNT + VALUES):
        raise FeatherboneError("a layer ends within its shared values")
    codebook = np.frombuffer(content[COUNT + VALUES : start], "<f4").astype(np.float32)
    return int.from_bytes(content[:COUNT], "big"), codebook, start
