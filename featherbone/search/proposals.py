"""Which designs to train next: the zoo scaled to the budget, random ones, and then children of the best.

From a number of scores on, a surrogate chooses among many children and random designs the few that promise most: those
whose guessed score, with how unsure it is, is the highest. One in four stays a random design, so that no corner of the
space is written off. What is proposed follows from the scores and the seed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np

from featherbone.search.batch import SpaceCosts
from featherbone.search.board import Board
from featherbone.search.budget import Budget
from featherbone.search.changes import Changes
from featherbone.search.design import Design
from featherbone.search.features import Features
from featherbone.search.ledger import Entry
from featherbone.search.matrix import decode, encode
from featherbone.search.sample import designs_of
from featherbone.search.surrogate import Surrogate

FIRST = 8  # scores before anything is learned from them
PARENTS = 8
CHILDREN, FRESH = 448, 64  # among which the surrogate chooses
CURIOSITY = 0.25  # standard deviations that are added to a guess
RANDOM = 4  # one in so many is random


class Proposals:
    """Proposes designs; a search calls it with its board and how many it wants."""

    def __init__(
        self, costs: SpaceCosts, budget: Budget, *, seed: int, zoo: Callable[[], Sequence[Entry]] = tuple
    ) -> None:
        self._costs, self._budget, self._seed, self._zoo = costs, budget, seed, zoo
        self._features, self._changes = Features(costs), Changes(costs, budget)

    def __call__(self, board: Board, number: int) -> Sequence[Entry]:
        """At most ``number`` designs that the board does not know, or the zoo; none where the space is used up."""
        known = {trial.design for trial in board.trials.values()}
        if not known:
            zoo = list(self._zoo())
            if zoo:
                return zoo  # all at once: who is killed in between would begin with others
        chosen = self._learned(board, number, known) if len(_designs(board)) >= FIRST else []
        return [*chosen, *self._random(known | {entry.design for entry in chosen}, number - len(chosen))]

    def _random(self, known: set[str], number: int) -> list[Entry]:
        fresh = (
            design for design in designs_of(self._costs, self._budget, seed=self._seed) if str(design) not in known
        )
        return self._entries(list(islice(fresh, number)), ["random"] * number)

    def _learned(self, board: Board, number: int, known: set[str]) -> list[Entry]:
        """What the surrogate holds most promising; less than ``number``, so that some stay random."""
        trials = _designs(board)
        order = sorted(
            trials, key=lambda trial: (-board.trials[trial].rung, -(board.trials[trial].val_top1 or 0), trial)
        )
        rows = encode(self._costs.space, [Design.parse(board.trials[trial].design) for trial in trials])
        place = {trial: n for n, trial in enumerate(trials)}
        scores = [entry for entry in board.scores if entry.trial in place and entry.score.val_top1 is not None]
        scores.sort(key=lambda entry: (entry.trial, entry.rung))  # a run that was killed reads them in this order
        surrogate = Surrogate(
            self._features.of(rows)[[place[entry.trial] for entry in scores]],
            [entry.rung for entry in scores],
            [entry.score.val_top1 or 0.0 for entry in scores],
            rungs=len(board.ladder),
        )
        best = order[:PARENTS]
        rng = np.random.default_rng((self._seed, len(board.trials)))
        children, parents = self._changes.children(rows[[place[trial] for trial in best]], CHILDREN, rng)
        fresh = list(islice(designs_of(self._costs, self._budget, seed=self._seed + len(board.trials)), FRESH))
        pool = np.concatenate([children, encode(self._costs.space, fresh)])
        guess, doubt = surrogate.predict(self._features.of(pool), rung=len(board.ladder) - 1)
        chosen: dict[str, tuple[Design, str]] = {}
        for n in np.argsort(-(guess + CURIOSITY * doubt), kind="stable"):
            (design,) = decode(self._costs.space, pool[n : n + 1])
            if len(chosen) == number - max(1, number // RANDOM):
                break
            if str(design) not in known:
                origin = _origin([best[p] for p in parents[n] if p >= 0]) if n < CHILDREN else "random, chosen"
                chosen.setdefault(str(design), (design, origin))
        return self._entries(*zip(*chosen.values(), strict=True)) if chosen else []

    def _entries(self, designs: Sequence[Design], origins: Sequence[str]) -> list[Entry]:
        return [
            Entry(design=str(design), origin=origin, costs=costs)
            for design, origin, costs in zip(designs, origins, self._costs.each(designs), strict=False)
        ]


def _designs(board: Board) -> list[int]:
    """The trials that have a score and are of the space, by number."""
    scored = {entry.trial for entry in board.scores if entry.score.val_top1 is not None}
    return [number for number in sorted(scored) if "|" in board.trials[number].design]


def _origin(parents: Sequence[int]) -> str:
    """Where a child comes from.

    >>> _origin([3]), _origin([3, 5])
    ('changed from 3', 'crossed from 3 and 5')
    """
    return f"changed from {parents[0]}" if len(parents) == 1 else f"crossed from {parents[0]} and {parents[1]}"
