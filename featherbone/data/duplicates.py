"""The same file more than once, byte for byte: in two splits, or with two labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from featherbone.data.division import Division
from featherbone.data.layout import Layout
from featherbone.data.splits import SPLITS
from featherbone.data.survey import Survey


def duplicates(division: Division, found: Survey) -> list[str]:
    """A warning for each pair of splits that share files, byte for byte."""
    places = {split: np.array([found.place[name] for name, _ in division[split]]) for split in SPLITS}
    short = _short(found)
    warnings = []
    for position, first in enumerate(SPLITS):
        for second in SPLITS[position + 1 :]:
            shared = np.isin(short[places[second]], short[places[first]]).nonzero()[0]
            if len(shared):
                one = int(shared[0])
                other = int((short[places[first]] == short[places[second][one]]).argmax())
                example = f"{division[first][other][0]} is {division[second][one][0]}"
                warnings.append(f"{len(shared)} image(s) of {second} are also in {first}, for example {example}")
    return warnings


def contradictions(division: Division, layout: Layout, found: Survey) -> list[str]:
    """A warning where files of different classes are the same: no network can be right on both."""
    entries = [entry for split in SPLITS for entry in division[split]]
    digests = _short(found)[[found.place[name] for name, _ in entries]]
    labels = np.array([label for _, label in entries])
    order = np.lexsort((labels, digests))
    digests, labels = digests[order], labels[order]
    twice = ((digests[1:] == digests[:-1]) & (labels[1:] != labels[:-1])).nonzero()[0]
    if not len(twice):
        return []
    first, second = (entries[int(order[twice[0] + step])] for step in (0, 1))
    return [
        f"{len(np.unique(digests[twice]))} image(s) have more than one class, for example {first[0]} is "
        f"{second[0]}, as {layout.classes[first[1]]} and {layout.classes[second[1]]}"
    ]


def _short(found: Survey) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """64 bits of each file's digest."""
    return np.ascontiguousarray(found.digests[:, :8]).view(np.uint64)[:, 0]
