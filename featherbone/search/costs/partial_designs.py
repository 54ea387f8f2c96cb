"""Partial designs in a search for the least: what each costs, the state that it ends in, and how it was made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Partial designs: their costs (labels, limits), the state that they end in, and how they were made."""

    values: np.ndarray
    side: np.ndarray
    width: np.ndarray  # places in the grid of widths
    parent: np.ndarray  # places among the labels before
    made: np.ndarray  # (labels, 3): choice, depth and width of the stage; resolution and width of the stem

    def only(self, which: np.ndarray) -> Labels:
        return Labels(**{name: values[which] for name, values in vars(self).items()})

    def front(self) -> Labels:
        """Without those that another one in the same state is no worse than in anything."""
        order = np.lexsort((self.values.sum(axis=1), self.width, self.side))
        keep: list[int] = []
        begin = 0
        for place in order:
            state = (self.side[place], self.width[place])
            if keep and (self.side[keep[-1]], self.width[keep[-1]]) != state:
                begin = len(keep)
            if not (self.values[keep[begin:]] <= self.values[place]).all(axis=1).any():
                keep.append(int(place))
        return self.only(np.array(keep, dtype=np.int64))

    @staticmethod
    def together(labels: list[Labels]) -> Labels:
        return Labels(**{name: np.concatenate([getattr(each, name) for each in labels]) for name in vars(labels[0])})


def combined(values: np.ndarray, side: int, out: np.ndarray, parents: np.ndarray, choice: int, depth: int) -> Labels:
    """Labels of every parent (first axis of ``values``) with every width (second axis)."""
    before, widths = np.repeat(parents, len(out)), np.tile(out, len(parents))
    made = np.zeros((len(before), 3), dtype=np.int64)
    if depth:
        made[:] = np.stack([np.full(len(before), choice), np.full(len(before), depth), widths], axis=1)
    return Labels(
        values=values.reshape(len(before), values.shape[-1]),
        side=np.full(len(before), side),
        width=widths // 4 - 1,
        parent=before,
        made=made,
    )
