"""The probability of a decision: what each context has seen so far, weighed by how well each has served.

A context's slot holds the share of ones among the decisions that fell into it. Logarithms of the odds are added with
weights that are learned as they are used; two mixers, whose weights are chosen by other things, are averaged.

Source: M. Mahoney, Adaptive weighing of context models for lossless data compression (2005); here for whole blocks of
decisions, whose probabilities are all found before the first of them is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from featherbone.nn.packed.contexts import SeenAround
from featherbone.nn.packed.logistic import ONE, Integers, squash, stretch_table

CONTEXTS, MIXERS = 5, 2
KINDS = 48  # of decisions
SLOTS = 2048  # of a context, for one kind
SETS = 16  # of weights of a mixer, for one kind
LIMIT = 1023  # decisions that a slot remembers
RATE = 5  # of learning of the mixers
START = 17_000  # of their weights, of which 65,536 are one
BIAS = 256
RAREST = 64  # the least probability of a bit
SLOT_RAREST = 16

Code = Callable[[Sequence[int], Sequence[int]], list[int]]  # bits and probabilities to bits


class Mixing:
    """All that is learned while levels are coded."""

    def __init__(self) -> None:
        self.probability = np.full((CONTEXTS, KINDS, SLOTS), ONE // 2, np.int64)
        self.seen = np.zeros((CONTEXTS, KINDS, SLOTS), np.int64)
        self.weights = np.full((MIXERS, KINDS, SETS, CONTEXTS + 1), START, np.int64)

    def decide(self, kind: int, view: SeenAround, bits: Integers, code: Code) -> Integers:
        """Code decisions of one kind, one for each row of the view, and learn from them."""
        each = np.arange(CONTEXTS)[:, None]
        heard = stretch_table()[self.probability[each, kind, view.slots] >> 4].astype(np.int64)
        inputs = np.vstack([heard, np.full((1, heard.shape[1]), BIAS)]).T  # rows × inputs
        sets = self.weights[np.arange(MIXERS)[:, None], kind, view.sets]  # mixers × rows × inputs
        sums = (sets * inputs).sum(2) >> 16
        probabilities = np.clip(squash(sums.sum(0) >> 1), RAREST, ONE - RAREST)
        found = np.array(code(bits.tolist(), probabilities.tolist()), np.int64)
        errors = (found << 16) - squash(sums)
        for mixer in range(MIXERS):
            learned = inputs * errors[mixer][:, None] * RATE >> 18
            np.add.at(self.weights[mixer, kind], view.sets[mixer], learned)
        self._count(kind, view.slots, found)
        return found

    def _count(self, kind: int, slots: Integers, bits: Integers) -> None:
        """Take the bits into the slots that they fell into: the mean of all that a slot remembers."""
        places = (slots + np.arange(CONTEXTS)[:, None] * SLOTS).ravel()
        different, inverse = np.unique(places, return_inverse=True)
        hits = np.bincount(inverse)
        ones = np.bincount(inverse, weights=np.tile(bits, CONTEXTS)).astype(np.int64)
        where = (different // SLOTS, kind, different % SLOTS)
        before = 2 * self.seen[where] + 3
        total = self.probability[where] * before + ones * 2 * ONE
        self.probability[where] = np.clip(total // (before + 2 * hits), SLOT_RAREST, ONE - SLOT_RAREST)
        self.seen[where] = np.minimum(self.seen[where] + hits, LIMIT)
