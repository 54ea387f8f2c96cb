"""The coder in NumPy: slow, short, and what ``levels.cpp`` must agree with to the bit.

A block of levels is coded in rounds of decisions: which of them are not 0; their signs; whether their magnitudes have
two bits, three, …; then the bits below the first, of which the two highest have probabilities of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from featherbone.nn.packed.contexts import SeenAround, contexts_of
from featherbone.nn.packed.interval import Decoder, Encoder
from featherbone.nn.packed.logistic import ONE, Integers
from featherbone.nn.packed.mixing import KINDS, Code, Mixing
from featherbone.nn.packed.shape import LevelShape

Flags = npt.NDArray[np.bool_]

BLOCK = 64  # rows whose probabilities are found together
MOST_BITS = 15  # of a level's magnitude
ZERO, SIGN, LONGER, BELOW = 0, 1, 1, 16  # kinds of decisions; the last two are the first of several


def encoded(levels: Integers, shapes: Sequence[LevelShape]) -> bytes:
    """The levels of layers, one behind the other."""
    encoder = Encoder()
    _code(levels.copy(), shapes, encoder.code)
    return encoder.finish()


def decoded(content: bytes, shapes: Sequence[LevelShape]) -> Integers:
    """The levels again."""
    levels = np.zeros(sum(shape.size for shape in shapes), np.int64)
    _code(levels, shapes, Decoder(content).code)
    return levels


def _code(levels: Integers, shapes: Sequence[LevelShape], code: Code) -> None:
    mixing = Mixing()
    start = 0
    for number, shape in enumerate(shapes):
        layer = contexts_of(levels[start : start + shape.size], number, shape)
        for place in range(shape.inputs):
            for k in range(shape.taps):
                for first in range(0, shape.rows, BLOCK):
                    rows = slice(first, min(first + BLOCK, shape.rows))
                    magnitudes, signs = layer.look(place, k, rows)
                    block = _Block(mixing, code, magnitudes, signs)
                    layer.levels[rows, place, k] = block.code_levels(layer.levels[rows, place, k])
                    layer.count(place, k, rows)
            layer.next_channel()
        start += shape.size


class _Block:
    """A block of levels on its way through the coder."""

    def __init__(self, mixing: Mixing, code: Code, magnitudes: SeenAround, signs: SeenAround) -> None:
        self.mixing, self.code = mixing, code
        self.magnitudes, self.signs = magnitudes, signs

    def code_levels(self, levels: Integers) -> Integers:
        """The levels, which while decoding come out of the decisions alone."""
        sizes = np.abs(levels)
        bits = np.frexp(sizes.astype(np.float64))[1].astype(np.int64)
        known = self._ask(ZERO, self.magnitudes, np.full(len(levels), True), bits > 0)
        negative = self._ask(SIGN, self.signs, known > 0, levels < 0)
        for more in range(1, MOST_BITS):
            asked = known == more
            if not asked.any():
                break
            known += self._ask(LONGER + more, self.magnitudes, asked, bits > more)
        found = (known > 0).astype(np.int64)
        for many in range(2, int(known.max()) + 1):
            asked = known == many
            for place in range(many - 1):
                kind = BELOW + 2 * (many - 2) + place if place < 2 else KINDS
                bit = self._ask(kind, self.magnitudes, asked, sizes >> (many - 2 - place) & 1)
                found = np.where(asked, 2 * found + bit, found)
        return np.where(negative > 0, -found, found)

    def _ask(self, kind: int, view: SeenAround, asked: Flags, bits: Integers | Flags) -> Integers:
        """The decision of one kind for the rows that are asked; 0 for the others."""
        answer = np.zeros(len(asked), np.int64)
        if asked.any():
            said = bits[asked].astype(np.int64)
            if kind < KINDS:
                answer[asked] = self.mixing.decide(
                    kind, SeenAround(view.slots[:, asked], view.sets[:, asked]), said, self.code
                )
            else:
                answer[asked] = self.code(said.tolist(), [ONE // 2] * len(said))
        return answer
