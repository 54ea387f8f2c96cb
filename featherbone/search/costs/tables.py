"""The forms of a space's blocks at the sides that its maps have, as tables of coefficients to compute with.

A part of a network (stem, stage, head) is one table. Its rows are all that the part may be, apart from channels: side
of its input, block, depth, and how in- and output channels are related. For each row there are the coefficients of its
polynomials in M and N, summed over the blocks of a stage.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeAlias

import numpy as np

from featherbone.search.costs.polynomials import SUMS, PartCosts, block_form, head_form, positions, stem_form
from featherbone.search.space.block_kinds import CASES, EQUAL, UNGROUPED, canonical
from featherbone.search.space.design import Stage
from featherbone.search.space.space import Space, StageSpace

MOST_FORMS = 8  # steps of a stage that may be its peak, for some channels


Polynomial: TypeAlias = "dict[int, np.ndarray]"  # by power of M and N (forms.POWERS), a coefficient for each row


@dataclass(frozen=True, kw_only=True)
class CostTable:
    """A polynomial for each of ``SUMS``; and several for memory, of which the largest is the peak.

    A row is ``((side · choices + choice) · depths + depth) · CASES + case``; ``groups`` belongs to each choice. Powers
    that have no coefficient in any row are left out.
    """

    sums: tuple[Polynomial, ...]
    memory: tuple[Polynomial, ...]
    choices: int
    depths: int
    groups: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Tables:
    """All of a space: a table a part, the places of the sides that come next, and what all numbers are multiples of.

    ``following[part]`` is (sides, 2): the place, among the sides of the next part, of what this one writes when it is
    left out and when it is not.
    """

    stem: CostTable
    stages: tuple[CostTable, ...]
    head: CostTable
    following: tuple[np.ndarray, ...]
    denominator: int


def tables_of(space: Space, *, classes: int, channels: int) -> Tables:
    """The tables of a space, for images of ``channels``."""
    stem = space.stem(4)
    written = [_out(side, stem.stride) for side in space.resolutions]
    sides = [sorted(set(written))]
    following = [np.array([[sides[0].index(side)] * 2 for side in written])]
    for stage in space.stages:
        halved = [_out(side, stage.stride) for side in sides[-1]]
        reached = list(zip(sides[-1] if 0 in stage.depths else halved, halved, strict=True))
        sides.append(sorted({side for pair in reached for side in pair}))
        following.append(np.array([[sides[-1].index(side) for side in pair] for pair in reached]))
    first, heads = stem_form(stem, channels), [head_form(wide, classes) for wide in (False, True)]
    found = [_forms_of(stage) for stage in space.stages]
    denominator = math.lcm(
        *(form.denominator for form in [first, *heads, *chain(*(forms.values() for forms in found))])
    )
    return Tables(
        stem=_alone([first], space.resolutions, stem.stride, denominator),
        stages=tuple(
            _stage_table(stage, forms, places, denominator)
            for stage, forms, places in zip(space.stages, found, sides, strict=False)
        ),
        head=_alone(heads, sides[-1], 1, denominator),
        following=tuple(following),
        denominator=denominator,
    )


def _out(side: int, stride: int) -> int:
    return (side - 1) // stride + 1


def _cases(choice: Stage) -> Iterator[tuple[int, int]]:
    """Every case that channels of multiples of 4 can be in, with the one that stands for it."""
    for case in range(CASES):
        if case < UNGROUPED or 4 % choice.groups:
            yield case, canonical(choice.kind, case)


def _forms_of(stage: StageSpace) -> dict[tuple[int, int, int], PartCosts]:
    """By choice, stride and case: of the first block, and of those that follow it (stride 1, equal channels)."""
    found: dict[tuple[int, int, int], PartCosts] = {}
    for number, choice in enumerate(stage.choices):
        plain = replace(choice, stride=1)
        wanted = {(stage.stride, case) for _, case in _cases(choice)} | {(1, EQUAL)}
        found |= {(number, stride, case): block_form(plain, stride, case) for stride, case in wanted}
    return found


def _stage_table(
    stage: StageSpace, forms: dict[tuple[int, int, int], PartCosts], sides: Sequence[int], denominator: int
) -> CostTable:
    choices, depths = len(stage.choices), max(stage.depths) + 1
    shape = (len(sides), choices, depths, CASES)
    sums = np.zeros((len(SUMS), 6, *shape))
    steps = np.zeros((*shape, MOST_FORMS, 3))
    repeats = np.arange(depths - 1)
    for place, side in enumerate(sides):
        inner = positions(_out(side, stage.stride), 1)
        for number, choice in enumerate(stage.choices):
            again, more = _at(forms[number, 1, EQUAL], inner, denominator)
            done: dict[int, int] = {}
            for case, same in _cases(choice):
                if same in done:
                    sums[:, :, place, number, :, case] = sums[:, :, place, number, :, done[same]]
                    steps[place, number, :, case] = steps[place, number, :, done[same]]
                    continue
                done[same] = case
                first, once = _at(forms[number, stage.stride, same], positions(side, stage.stride), denominator)
                sums[:, :, place, number, 1:, case] = first[:, :, None] + again[:, :, None] * repeats
                steps[place, number, 1, case] = _largest(once)
                steps[place, number, 2:, case] = _largest(np.concatenate([once, more]))
    return _table(sums, np.moveaxis(steps, (-2, -1), (0, 1)), choices, depths, [c.groups for c in stage.choices])


def _alone(forms: list[PartCosts], sides: Sequence[int], stride: int, denominator: int) -> CostTable:
    """The table of stem or head: a choice for each form, always of depth 0 and in case 0."""
    sums = np.zeros((len(SUMS), 6, len(sides), len(forms), 1, 1))
    steps = np.zeros((MOST_FORMS, 3, len(sides), len(forms), 1, 1))
    for place, side in enumerate(sides):
        for number, form in enumerate(forms):
            amounts, alive = _at(form, positions(side, stride), denominator)
            sums[:, :, place, number, 0, 0] = amounts
            steps[:, :, place, number, 0, 0] = _largest(alive)
    return _table(sums, steps, len(forms), 1, [1] * len(forms))


def _table(sums: np.ndarray, memory: np.ndarray, choices: int, depths: int, groups: list[int]) -> CostTable:
    polynomials = [_polynomial(each) for each in (*sums, *memory)]
    alive = {tuple(map(bytes, each.values())): each for each in polynomials[len(SUMS) :]}  # those that differ
    return CostTable(
        sums=tuple(polynomials[: len(SUMS)]),
        memory=tuple(alive.values()),
        choices=choices,
        depths=depths,
        groups=np.array(groups),
    )


def _polynomial(coefficients: np.ndarray) -> Polynomial:
    rows = coefficients.reshape(len(coefficients), -1)
    return {power: np.ascontiguousarray(row) for power, row in enumerate(rows) if row.any()}


def _at(form: PartCosts, at: np.ndarray, denominator: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums and memory of a form, with numbers for the positions: (sums, powers) and (steps, powers up to N)."""
    times = denominator // form.denominator
    amounts = times * np.einsum("spc,p->sc", form.sums, at)
    return amounts, times * np.einsum("spc,p->sc", form.memory, at)[:, :3]


def _largest(steps: np.ndarray) -> np.ndarray:
    """The steps that could be the peak for some channels: no other step has as much in every coefficient.

    The first of them stands for the places that are left.
    """
    unique = np.unique(steps, axis=0)
    covered = (unique[:, None, :] <= unique[None, :, :]).all(axis=2) & ~np.eye(len(unique), dtype=bool)
    kept = unique[~covered.any(axis=1)]
    if len(kept) > MOST_FORMS:
        raise AssertionError(f"{len(kept)} steps of a block could be its peak; {MOST_FORMS} are told apart")
    return np.concatenate([kept, np.repeat(kept[:1], MOST_FORMS - len(kept), axis=0)])
