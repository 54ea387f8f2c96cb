"""Whole numbers of so many bits each as bytes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def as_fields(numbers: Integers, bits: int) -> bytes:
    """Numbers from 0 to 2**bits - 1, one after the other, the high bit first; the last byte is filled with 0.

    >>> as_fields(np.array([1, 2, 3]), bits=3).hex()
    '2980'
    """
    places = np.arange(bits - 1, -1, -1)
    return np.packbits(((numbers[:, None] >> places) & 1).astype(np.uint8)).tobytes()


def from_fields(content: bytes, count: int, bits: int) -> Integers:
    """So many numbers from the bytes that ``as_fields`` made; further bytes are not looked at.

    >>> from_fields(bytes.fromhex("2980"), count=3, bits=3)
    array([1, 2, 3])
    """
    found = np.unpackbits(np.frombuffer(content[: field_bytes(count, bits)], np.uint8))[: count * bits]
    return found.reshape(count, bits).astype(np.int64) @ (1 << np.arange(bits - 1, -1, -1))


def field_bytes(count: int, bits: int) -> int:
    """How many bytes so many numbers take.

    >>> field_bytes(3, bits=3)
    2
    """
    return -(-count * bits // 8)
