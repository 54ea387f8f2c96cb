"""Designs of a space as rows of integers, and back: what is computed with, many designs at a time.

A row holds the place of the resolution and of the activation in the space's lists, the widths of stem and head (0 is no
head), and for each stage the place of its block among the stage's choices, its depth and its width; all three are 0
where the stage is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from featherbone.errors import FeatherboneError
from featherbone.search.space.design import Design, Stage
from featherbone.search.space.space import Space

RESOLUTION, ACT, STEM, HEAD, STAGES = range(5)  # columns; STAGES is the first stage's first
CHOICE, DEPTH, WIDTH = range(3)  # columns of a stage, from its first


def columns(space: Space) -> int:
    """The length of a row."""
    return STAGES + 3 * len(space.stages)


def column(stage: int, which: int) -> int:
    """The column of a stage's ``CHOICE``, ``DEPTH`` or ``WIDTH``.

    >>> column(1, WIDTH)
    9
    """
    return STAGES + 3 * stage + which


def decode(space: Space, matrix: np.ndarray) -> tuple[Design, ...]:
    """The designs of the rows."""
    return tuple(_design(space, row) for row in matrix.tolist())


def encode(space: Space, designs: Sequence[Design]) -> np.ndarray:
    """The rows of designs.

    >>> from featherbone.search.space.named import named_space
    >>> space = named_space("light", (8,))
    >>> design = Design.parse("r8 | stem w8 | basic w12 d2 | fire w16 s2 t2 se | head w20")
    >>> encode(space, [design]).tolist()
    [[0, 0, 8, 20, 12, 2, 12, 9, 1, 16]]
    >>> decode(space, encode(space, [design])) == (design,)
    True

    Raises:
        FeatherboneError: a design that is not one of the space, with what does not fit.
    """
    return np.array([_row(space, design) for design in designs], dtype=np.int64).reshape(-1, columns(space))


def _design(space: Space, row: list[int]) -> Design:
    act = space.acts[row[ACT]]
    stages = []
    for place, stage in enumerate(space.stages):
        choice, depth, width = row[column(place, CHOICE) : column(place, WIDTH) + 1]
        if depth:
            stages.append(replace(stage.choices[choice], depth=depth, width=width, act=act))
    return Design(
        resolution=space.resolutions[row[RESOLUTION]],
        stem=space.stem(row[STEM], act),
        stages=tuple(stages),
        head=row[HEAD],
    )


def _row(space: Space, design: Design) -> list[int]:
    act, widest = design.stem.act, space.widest
    if design.resolution not in space.resolutions:
        raise _foreign(space, design, f"its resolution is {design.resolution}, not of {list(space.resolutions)}")
    if act not in space.acts or any(stage.act != act for stage in design.stages):
        raise _foreign(space, design, f"its activations are not all one of {', '.join(space.acts)}")
    if design.stem != space.stem(design.stem.width, act) or design.stem.width % 4 or design.stem.width > widest:
        raise _foreign(space, design, f"the stem {design.stem} is not of the space")
    if (0 if design.head == 0 else 1) not in {int(share > 0) for share in space.heads} or design.head % 4:
        raise _foreign(space, design, f"a head of width {design.head} is not of the space")
    stages = _matched(space, design.stages, 0)
    if stages is None or design.head > widest:
        raise _foreign(space, design, "its stages or widths are not of the space")
    return [space.resolutions.index(design.resolution), space.acts.index(act), design.stem.width, design.head, *stages]


def _matched(space: Space, stages: tuple[Stage, ...], place: int) -> list[int] | None:
    """The columns of the space's stages from ``place`` on, for these stages of a design; None where they don't fit."""
    if place == len(space.stages):
        return None if stages else []
    allowed = space.stages[place]
    if stages and stages[0].depth in allowed.depths:
        least = replace(stages[0], depth=1, width=0, act="relu")
        for number, choice in enumerate(allowed.choices):
            if replace(choice, width=0) == least and stages[0].width in allowed.widths_of(choice, space.widest):
                rest = _matched(space, stages[1:], place + 1)
                if rest is not None:
                    return [number, stages[0].depth, stages[0].width, *rest]
    rest = _matched(space, stages, place + 1) if 0 in allowed.depths else None
    return None if rest is None else [0, 0, 0, *rest]


def _foreign(space: Space, design: Design, reason: str) -> FeatherboneError:
    return FeatherboneError(f"the design {design} is not in the space {space.name}: {reason}")
