"""Huffman codes: as short as they can be, and read as they were written."""

from __future__ import annotations

import heapq

import numpy as np
import pytest

from featherbone.errors import FeatherboneError
from featherbone.pack.deep_compression.huffman import code_lengths, huffman_coded, huffman_decoded


@pytest.mark.parametrize("seed", range(8))
def test_lengths_are_the_shortest_and_numbers_come_back(seed: int) -> None:
    draw = np.random.default_rng(seed)
    numbers = np.minimum(draw.geometric(0.05 + 0.1 * seed, 3000) - 1, 255)
    counts = np.bincount(numbers)
    lengths = code_lengths(counts)
    inner, heap = 0, counts[counts > 0].tolist()
    heapq.heapify(heap)
    while len(heap) > 1:  # the sum of the inner nodes of a Huffman tree is the length of all codes
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        inner += joined
        heapq.heappush(heap, joined)
    assert int(lengths @ counts) == inner
    content = huffman_coded(numbers)
    found, used = huffman_decoded(content + b"more", numbers.size)
    assert (found == numbers).all()
    assert used == len(content)
    share = counts[counts > 0] / numbers.size
    entropy = -(share * np.log2(share)).sum() * numbers.size
    assert entropy <= inner < entropy + numbers.size


@pytest.mark.parametrize("numbers", [[], [0], [7, 7, 7], [0, 65534]])
def test_few_numbers_come_back(numbers: list[int]) -> None:
    content = huffman_coded(np.array(numbers, np.int64))
    assert huffman_decoded(content, len(numbers))[0].tolist() == numbers


def test_counts_as_of_fibonacci_have_long_codes() -> None:
    counts = [1, 1]
    while len(counts) < 22:
        counts.append(counts[-1] + counts[-2])
    numbers = np.repeat(np.arange(22), counts)
    assert code_lengths(np.bincount(numbers)).max() == 21
    assert (huffman_decoded(huffman_coded(numbers), numbers.size)[0] == numbers).all()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\0", "cut off"),
        (b"\0\x09\x04\x11", "cut off"),
        (b"\0\x02\x3f" + b"\xff" * 40, "more than 63 bits"),
        (b"\0\x03\x01\xe0\xaa", "are no code"),
        (b"\0\x01\x01\x80\xff", "end after 0 of 4 numbers"),
    ],
)
def test_what_is_no_code_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(FeatherboneError, match=said):
        huffman_decoded(content, 4)
