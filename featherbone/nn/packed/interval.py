"""Arithmetic coding of bits whose probabilities are known: an interval that each of them makes smaller.

Source: I. H. Witten, R. M. Neal, J. G. Cleary, Arithmetic coding for data compression (1987); without carries, as
32 bits are kept and a byte goes once both ends of the interval agree on it.
"""

from __future__ import annotations

from collections.abc import Sequence

WORD = 0xFFFFFFFF
TOP = 0xFF000000


class Encoder:
    """Bits in, bytes out.

    >>> encoder = Encoder()
    >>> encoder.code([1, 0, 1], [60000, 5000, 40000])
    [1, 0, 1]
    >>> Decoder(encoder.finish()).code([0, 0, 0], [60000, 5000, 40000])
    [1, 0, 1]

    A probability is that of a one, of 65,536; neither 0 nor 65,536.
    """

    def __init__(self) -> None:
        self.low, self.high = 0, WORD
        self.written = bytearray()

    def code(self, bits: Sequence[int], probabilities: Sequence[int]) -> list[int]:
        """Take in bits; they come back as they are, as from a decoder."""
        low, high = self.low, self.high
        for bit, probability in zip(bits, probabilities, strict=True):
            middle = low + ((high - low) * probability >> 16)
            if bit:
                high = middle
            else:
                low = middle + 1
            while not (low ^ high) & TOP:
                self.written.append(high >> 24)
                low = low << 8 & WORD
                high = high << 8 & WORD | 255
        self.low, self.high = low, high
        return list(bits)

    def finish(self) -> bytes:
        """All bytes; the last ones are the fewest that lie in the interval, with zeros behind them."""
        if self.low:
            for count in range(1, 5):
                unit = 1 << 32 - 8 * count
                value = -(-self.low // unit) * unit
                if value <= self.high:
                    self.written += value.to_bytes(4, "big")[:count]
                    break
        return bytes(self.written)


class Decoder:
    """Bytes in, bits out; past the end of the bytes are zeros."""

    def __init__(self, content: bytes) -> None:
        self.low, self.high = 0, WORD
        self.content, self.place = content, 4
        self.value = int.from_bytes(content[:4].ljust(4, b"\0"), "big")

    def code(self, bits: Sequence[int], probabilities: Sequence[int]) -> list[int]:
        """As many bits as there are probabilities; what ``bits`` says is not looked at."""
        low, high, value, found = self.low, self.high, self.value, []
        for _, probability in zip(bits, probabilities, strict=True):
            middle = low + ((high - low) * probability >> 16)
            if value <= middle:
                high = middle
                found.append(1)
            else:
                low = middle + 1
                found.append(0)
            while not (low ^ high) & TOP:
                low = low << 8 & WORD
                high = high << 8 & WORD | 255
                following = self.content[self.place] if self.place < len(self.content) else 0
                value = value << 8 & WORD | following
                self.place += 1
        self.low, self.high, self.value = low, high, value
        return found
