"""Numbers in bits by how often each comes: a Huffman code, with its table.

    bytes  what
    2      how many lengths the table has: one more than the largest number
    1      bits of a length
    …      the lengths of the codes of 0, 1, 2, …, 0 where a number does not come
    …      the codes, the high bit first; the last byte is filled with 0

Codes are canonical: of those of one length, a larger number has the next code, so that lengths say all.

Source: D. Huffman, A method for the construction of minimum-redundancy codes (1952).
"""

from __future__ import annotations

import heapq

import numpy as np
import numpy.typing as npt

from featherbone.errors import FeatherboneError
from featherbone.pack.deep_compression.bit_fields import as_fields, field_bytes, from_fields

HEAD = 3  # bytes before the lengths

Integers = npt.NDArray[np.int64]


def huffman_coded(numbers: Integers) -> bytes:
    """Numbers from 0 to 65,534 as bytes: the table, then their codes.

    >>> content = huffman_coded(np.array([0, 0, 0, 0, 2, 0, 1]))
    >>> content.hex(), huffman_decoded(content, count=7)[0]
    ('000302680d00', array([0, 0, 0, 0, 2, 0, 1]))
    """
    lengths = code_lengths(np.bincount(numbers) if numbers.size else np.empty(0, np.int64))
    width = int(lengths.max(initial=0)).bit_length()
    codes = _codes(lengths)
    own = lengths[numbers]
    within = np.arange(int(own.sum())) - np.repeat(np.cumsum(own) - own, own)
    bits = (np.repeat(codes[numbers], own) >> (np.repeat(own, own) - 1 - within)) & 1
    head = lengths.size.to_bytes(2, "big") + bytes([width]) + as_fields(lengths, width)
    return head + np.packbits(bits.astype(np.uint8)).tobytes()


def huffman_decoded(content: bytes, count: int) -> tuple[Integers, int]:
    """So many numbers from the bytes that ``huffman_coded`` made, and how many bytes they took.

    Raises:
        FeatherboneError: bytes that end too early, lengths that are no code, or codes that it does not have.
    """
    if len(content) < HEAD:
        raise FeatherboneError("a Huffman table is cut off")
    symbols, width = int.from_bytes(content[:2], "big"), content[2]
    start = HEAD + field_bytes(symbols, width)
    if len(content) < start or width > 6:
        raise FeatherboneError("a Huffman table is cut off or has codes of more than 63 bits")
    lengths = from_fields(content[HEAD:start], symbols, width)
    if sum(2.0 ** -int(length) for length in lengths if length) > 1:
        raise FeatherboneError("the lengths of a Huffman table are no code")
    codes = _codes(lengths)
    known = {(int(lengths[each]), int(codes[each])): each for each in np.flatnonzero(lengths).tolist()}
    found: list[int] = []
    length = code = used = 0
    bits = np.unpackbits(np.frombuffer(content[start:], np.uint8)).tolist() if count else []
    for bit in bits:
        length, code, used = length + 1, code << 1 | bit, used + 1
        symbol = known.get((length, code))
        if symbol is None:
            continue
        found.append(symbol)
        length = code = 0
        if len(found) == count:
            break
    if len(found) < count:
        raise FeatherboneError(f"Huffman codes end after {len(found):,} of {count:,} numbers")
    return np.array(found, np.int64), start + -(-used // 8)


def code_lengths(counts: Integers) -> Integers:
    """Bits of the code of each number, 0 for those that never come.

    >>> code_lengths(np.array([5, 0, 1, 1]))
    array([1, 0, 2, 2])

    The lengths with the least sum for these counts; a number that comes alone has one bit.
    """
    present = np.flatnonzero(counts).tolist()
    lengths = np.zeros(counts.size, np.int64)
    if len(present) == 1:
        lengths[present] = 1
    heap = [(int(counts[each]), place, [each]) for place, each in enumerate(present)]
    heapq.heapify(heap)
    place = len(heap)
    while len(heap) > 1:
        (one, _, left), (other, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        joined = left + right
        lengths[joined] += 1
        heapq.heappush(heap, (one + other, place, joined))
        place += 1
    return lengths


def _codes(lengths: Integers) -> Integers:
    """The canonical codes of these lengths."""
    codes = np.zeros(lengths.size, np.int64)
    code = before = 0
    for symbol in np.argsort(lengths, kind="stable").tolist():
        length = int(lengths[symbol])
        if not length:
            continue
        code <<= length - before
        codes[symbol], before = code, length
        code += 1
    return codes
