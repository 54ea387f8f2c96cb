"""Designs as numbers that a surrogate can learn from: what a design is made of, beside what it costs."""

from __future__ import annotations

import numpy as np

from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.space.block_facts import facts
from featherbone.search.space.design import Stage
from featherbone.search.space.matrix import ACT, CHOICE, DEPTH, HEAD, RESOLUTION, STEM, WIDTH, column


class Features:
    """The features of the designs of one space.

    >>> from featherbone.search.space.design import Design
    >>> from featherbone.search.space.matrix import encode
    >>> from featherbone.search.space.named import named_space
    >>> costs = SpaceCosts(named_space("light", (8,)), classes=10, channels=1)
    >>> rows = encode(costs.space, [Design.parse("r8 | stem w8 | basic w12 d2 | fire w16 s2 t2 se | head w20")])
    >>> Features(costs).of(rows).shape == (1, len(Features(costs).names))
    True

    Widths, ratios and costs are logarithms. Of the kinds of block, what counts is the share of blocks that are of each,
    and whether the first and the last stage are depthwise.
    """

    def __init__(self, costs: SpaceCosts) -> None:
        self._costs = costs
        self.space = space = costs.space
        self._kinds = space.kinds()
        self._depthwise = np.array([facts(kind).depthwise for kind in self._kinds], dtype=float)
        self._settings = [_settings(stage.choices, self._kinds) for stage in space.stages]
        parts = ("depth", "width", "kernel", "ratio", "groups", "excited")
        self.names = (
            "resolution",
            *(f"act {act}" for act in space.acts),
            "stem width",
            "head",
            "head width",
            *(f"stage {place} {part}" for place in range(1, len(space.stages) + 1) for part in parts),
            *(f"share of {kind}" for kind in self._kinds),
            "first depthwise",
            "last depthwise",
            "blocks",
            "macs",
            "params",
            "peak memory",
        )

    def of(self, rows: np.ndarray) -> np.ndarray:
        """(designs, features), float64."""
        space = self.space
        costs = self._costs.of_rows(rows)
        acts = np.arange(len(space.acts))
        columns = [
            np.log2(np.array(space.resolutions, dtype=float))[rows[:, RESOLUTION]],
            *(rows[:, ACT, None] == acts).T.astype(float),
            np.log2(rows[:, STEM]),
            (rows[:, HEAD] > 0).astype(float),
            np.log2(np.maximum(rows[:, HEAD], 1)),
        ]
        blocks = np.zeros((len(rows), len(self._kinds)))
        first = last = np.full(len(rows), np.nan)
        for place, (settings, kinds) in enumerate(self._settings):
            choice, depth, width = (rows[:, column(place, which)] for which in (CHOICE, DEPTH, WIDTH))
            present = (depth > 0).astype(float)
            columns += [depth.astype(float), np.log2(np.maximum(width, 1))]
            columns += list((settings[choice] * present[:, None]).T)
            blocks[np.arange(len(rows)), kinds[choice]] += depth
            depthwise = self._depthwise[kinds[choice]]
            first = np.where(np.isnan(first) & (depth > 0), depthwise, first)
            last = np.where(depth > 0, depthwise, last)
        total = blocks.sum(axis=1)
        columns += [*(blocks / np.maximum(total, 1)[:, None]).T, np.nan_to_num(first), np.nan_to_num(last), total]
        columns += [np.log2(values) for values in (costs.macs, costs.params, costs.peak_memory)]
        return np.stack(columns, axis=1)


def _settings(choices: tuple[Stage, ...], kinds: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Of each choice of a stage: kernel, ratio, groups and excitation, and the place of its kind."""
    numbers = [[choice.kernel, np.log2(choice.ratio), np.log2(choice.groups), choice.se] for choice in choices]
    return np.array(numbers, dtype=float), np.array([kinds.index(choice.kind) for choice in choices])
