"""What is known of a level before it is coded: how large those around it are, and which signs they have.

Levels are coded in columns: all rows (channels that are written) for one place of the kernel and one channel that is
read, in blocks of rows. So of the same row everything is known that stands before the column, of others also the
statistics of the channel that is read and of the place in the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from featherbone.nn.packed.logistic import Integers, bins
from featherbone.nn.packed.shape import LevelShape

WIDEST_TAP = 48  # places of a kernel that are told apart
LAYERS = 64  # layers that are told apart
FINE, COARSE = 31, 15  # the last bin


class SeenAround(NamedTuple):
    """For each of some rows, the slot of each context (contexts × rows), and the set of each mixer (mixers × rows)."""

    slots: Integers
    sets: Integers


class LayerContexts:
    """The levels of one layer, rows × inputs × taps, as far as they are known, and what is counted of them."""

    def __init__(self, levels: Integers, number: int, across: int) -> None:
        self.levels, self.number, self.across = levels, number, across
        rows, self.inputs, self.taps = levels.shape
        self.row = np.zeros(rows, np.int64)
        self.signed_row = np.zeros(rows, np.int64)
        self.tap, self.tap_count = [0] * self.taps, [0] * self.taps
        self.channel = self.channel_count = self.channel_before = 0
        self.none = np.zeros(rows, np.int64)

    def look(self, place: int, k: int, rows: slice) -> tuple[SeenAround, SeenAround]:
        """What is known of the rows in the column of channel ``place`` and tap ``k``: for magnitudes, and for signs."""
        one, above, two = (self._at(place, near, rows) for near in (k - 1, k - self.across, k - 2))
        before, earlier = self._at(place - 1, k, rows), self._at(place - 2, k, rows)
        after = self._at(place - 1, k + 1 if k + 1 < self.taps else -1, rows)
        corner = self._at(place - 1, k - 1, rows)
        around = (one, above, two, before, earlier, after, corner)
        magnitudes = self._magnitudes(place * self.taps + k, k, rows, [np.abs(each) for each in around])
        signs = self._signs(k, rows, [_sign(each) for each in (one, above, two, before, earlier, corner)])
        return magnitudes, signs

    def count(self, place: int, k: int, rows: slice) -> None:
        """Take in the levels of a block, which are known now."""
        found = self.levels[rows, place, k]
        sizes = np.abs(found)
        total = int(sizes.sum())
        self.row[rows] += sizes
        self.signed_row[rows] += found
        self.channel += total
        self.channel_count += len(sizes)
        self.tap[k] += total
        self.tap_count[k] += len(sizes)

    def next_channel(self) -> None:
        """All columns of a channel that is read are known."""
        self.channel_before, self.channel, self.channel_count = self.channel, 0, 0

    def _at(self, place: int, k: int, rows: slice) -> Integers:
        known = place >= 0 and k >= 0
        return self.levels[rows, place, k] if known else self.none[rows]

    def _magnitudes(self, done: int, k: int, rows: slice, around_it: Sequence[Integers]) -> SeenAround:
        one, above, two, before, earlier, after, corner = around_it
        around = 2 * one + 2 * above + two + 2 * before + earlier + after + corner
        row = self.row[rows]
        known = self.channel_count > 0
        of_channel = (
            self.channel * 32 // self.channel_count
            if known
            else self.channel_before * 32 // (len(self.row) * self.taps)
        )
        of_tap = self.tap[k] * 32 // self.tap_count[k] if self.tap_count[k] else 0
        row_bin = bins(row * 32 // (done + 2), COARSE)
        channel_bin, tap_bin = (int(bins(np.array(each), COARSE)) for each in (of_channel, of_tap))
        near = 16 * around // 10 + row * 16 // (done + 1)
        all_bin = bins(near + (self.channel * 16 // self.channel_count if known else 0), FINE)
        few = np.minimum(one, 2) * 27 + np.minimum(above, 2) * 9 + np.minimum(two, 2) * 3 + np.minimum(before, 2)
        slots = np.stack(
            [
                np.full_like(row, min(k, WIDEST_TAP) * 16 + channel_bin),
                self.number % LAYERS * 32 + all_bin,
                tap_bin * 16 + row_bin,
                bins(4 * around, COARSE) * 16 + channel_bin,
                few * 8 + row_bin // 2,
            ]
        )
        return SeenAround(slots, np.stack([np.minimum(all_bin, COARSE), row_bin]))

    def _signs(self, k: int, rows: slice, around_it: Sequence[Integers]) -> SeenAround:
        one, above, two, before, earlier, corner = around_it
        total = self.signed_row[rows]
        beside = one * 3 + above
        slots = np.stack(
            [
                bins(np.abs(total) * 4, COARSE) * 2 + (total < 0),
                min(k, WIDEST_TAP) * 9 + beside,
                one * 27 + before * 9 + above * 3 + corner,
                self.number % LAYERS * 9 + beside,
                two * 9 + above * 3 + earlier,
            ]
        )
        return SeenAround(slots, np.stack([beside, np.full_like(beside, min(k, COARSE))]))


def contexts_of(levels: Integers, number: int, shape: LevelShape) -> LayerContexts:
    """The contexts of a layer, the ``number``-th, whose levels are a view of those of all layers."""
    return LayerContexts(levels.reshape(shape.rows, shape.inputs, shape.taps), number, shape.across)


def _sign(levels: Integers) -> Integers:
    """0, 1 for a negative one, 2 for a positive one."""
    return np.where(levels > 0, 2, (levels < 0).astype(np.int64))
