"""Designs as regular as those of most papers: a search's first ones.

One block and one choice of squeeze-and-excitation in all stages, or as in EfficientNetV2 whole convolutions without it
in the early stages and one depthwise block in the late ones; depths that do not shrink but for the last stage, which
may be left out; one growth of the widths from stage to stage, and images of their own resolution. What room that leaves
in the budget single widths take, as long as no stage is narrower than the one before. Among random designs of equal
cost such ones are the better ones on average.

Source: Radosavović et al. 2020, arXiv:2003.13678, section 3.2 (sharing what blocks are made of, widths that grow, and
depths that grow: each makes a better space of designs, or none worse); Tan and Le 2021, arXiv:2104.00298, section 3.2
(whole convolutions early: better networks, and they train faster).
"""

from __future__ import annotations

import numpy as np

from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.costs.budget import Budget
from featherbone.search.costs.feasible import fitting
from featherbone.search.draw.structures import Structures
from featherbone.search.draw.widths import Widths, filled
from featherbone.search.space.matrix import DEPTH, RESOLUTION, WIDTH, column

MIXED = 1 / 3  # of them have two blocks
SPARE = 8  # structures drawn for each that is wanted


def regular(costs: SpaceCosts, budget: Budget, number: int, rng: np.random.Generator) -> np.ndarray:
    """At most so many rows that fill the budget; what does not fit at its narrowest is left out, as is what repeats.

    >>> from featherbone.search.space.matrix import decode
    >>> from featherbone.search.space.named import named_space
    >>> costs = SpaceCosts(named_space("light", (8,)), classes=10, channels=1)
    >>> rows = regular(costs, Budget(macs=300_000, params=20_000), 64, np.random.default_rng(0))
    >>> designs = decode(costs.space, rows)
    >>> all(len({(stage.kind, stage.ratio, stage.se) for stage in design.stages}) <= 2 for design in designs)
    True

    Raises:
        FeatherboneError: nothing in the space fits the budget.
    """
    fitting(costs, budget)
    space, structures, widths = costs.space, Structures(costs.space), Widths(costs.space)
    rows = structures.repeated(structures.drawn(SPARE * number, rng))
    mixed = rng.random(len(rows)) < MIXED
    rows[mixed] = structures.mixed(rows[mixed], rng)
    rows[:, RESOLUTION] = int(np.argmax(space.resolutions))
    depths = rows[:, [column(place, DEPTH) for place in range(len(space.stages))]]
    rising = np.all(np.diff(depths[:, :-1], axis=1) >= 0, axis=1) & np.all(depths[:, :-1] > 0, axis=1)
    rows = rows[rising]
    rows = rows[costs.fits(rows, budget)][:number]
    growth = np.array(sorted({share for stage in space.stages for share in stage.growth if share > 1}) or [1.0])
    steps = np.array([0, *np.cumsum([stage.stride > 1 for stage in space.stages])])
    shares = rng.choice(growth, size=(len(rows), 1)) ** steps
    wide = np.array([share for share in space.heads if share > 0] or [1.0])
    shares = np.concatenate([shares, shares[:, -1:] * rng.choice(wide, size=(len(rows), 1))], axis=1)
    rows = np.unique(filled(costs, widths, rows, shares, budget, rng), axis=0)
    kept: np.ndarray = rows[_widens(rows, len(space.stages))]
    return kept


def _widens(rows: np.ndarray, stages: int) -> np.ndarray:
    """Whether each row has no stage that is narrower than the one before; only the last one may be left out."""
    widths = rows[:, [column(place, WIDTH) for place in range(stages)]]
    last = np.where(rows[:, column(stages - 1, DEPTH)] > 0, widths[:, -1], widths.max(axis=1, initial=0))
    return np.asarray(np.all(np.diff(np.column_stack([widths[:, :-1], last]), axis=1) >= 0, axis=1))
