"""Which designs to train next: the zoo scaled to the budget, those that papers make one expect most of, and children.

The first designs are chosen among children of the zoo and many regular ones by what papers measured. From a number of
scores on a surrogate corrects that, and chooses among many children of the best and regular designs those whose guessed
score, with how unsure it is, is the highest. One in eight stays a random design, so that no corner of the space is
written off. Where time is limited, what would take too much of it is left out. What is proposed follows from the scores
and the seed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from featherbone.search.costs.batch import SpaceCosts
from featherbone.search.costs.budget import Budget
from featherbone.search.costs.effort import effort
from featherbone.search.cuts.cut_design import is_cut
from featherbone.search.cuts.outdone import outdone
from featherbone.search.draw.sample import designs_of
from featherbone.search.propose.children import Changes
from featherbone.search.propose.features import Features
from featherbone.search.propose.first_designs import promising
from featherbone.search.propose.prior import Prior
from featherbone.search.propose.regular_designs import regular
from featherbone.search.propose.surrogate import Surrogate
from featherbone.search.propose.zoo_patterns import alike
from featherbone.search.record.ledger import Entry
from featherbone.search.schedule.board import Board
from featherbone.search.schedule.ladder import KEEP
from featherbone.search.space.design import Design
from featherbone.search.space.matrix import decode, encode

FIRST = 4  # scores before anything is learned from them
PARENTS = 8  # at most: the best third
CHILDREN, TIDY = 448, 64  # and regular designs, among which the surrogate chooses
CURIOSITY = 0.1  # standard deviations that are added to a guess
RANDOM = 8  # one in so many is random
LOOKED_AT = 256  # designs in vain for one that is not too long to train


class Proposals:
    """Proposes designs; a search calls it with its board and how many it wants."""

    def __init__(
        self,
        costs: SpaceCosts,
        budget: Budget,
        *,
        seed: int,
        zoo: Callable[[], Sequence[Entry]] = tuple,
        cuts: Sequence[Entry] = (),
        longest: float | None = None,
    ) -> None:
        """``cuts`` are those of pretrained networks; ``longest`` is the most effort that a design may take to train, as
        `effort` counts it.
        """
        self._costs, self._budget, self._seed, self._zoo, self._longest = costs, budget, seed, zoo, longest
        self._cuts = cuts
        self._features, self._changes = Features(costs), Changes(costs, budget)

    def __call__(self, board: Board, number: int) -> Sequence[Entry]:
        """At most ``number`` designs that the board does not know, or the first: all cuts, and the zoo.

        None where the space is used up, or where cuts have left all designs from nothing far behind.
        """
        known = {trial.design for trial in board.trials.values()}
        if not known:
            first = [*self._cuts, *(entry for entry in self._zoo() if self._is_short(entry.design))]
            if first:
                return first  # all at once: who is killed in between would begin with others
        if outdone(board):
            return []
        scored = self._scored(board)
        learn = self._learned if len(scored) >= FIRST else self._believed
        chosen = learn(board, scored, number, known)
        return [*chosen, *self._random(known | {entry.design for entry in chosen}, number - len(chosen))]

    def _is_short(self, design: str) -> bool:
        if self._longest is None:
            return True
        return effort(design, classes=self._costs.classes, channels=self._costs.channels) <= self._longest

    def _random(self, known: set[str], number: int) -> list[Entry]:
        """The first that are short; where there are too few, those that are not come as well."""
        fresh = (
            design for design in designs_of(self._costs, self._budget, seed=self._seed) if str(design) not in known
        )
        short: list[Design] = []
        long: list[Design] = []
        while len(short) < number and len(long) < LOOKED_AT and (design := next(fresh, None)) is not None:
            (short if self._is_short(str(design)) else long).append(design)
        return self._entries([*short, *long][:number], ["random"] * number)

    def _scored(self, board: Board) -> dict[int, Design]:
        """The trials that have a score, by number, each as a design of the space; networks of the zoo as one alike."""
        found: dict[int, Design] = {}
        for number in sorted({entry.trial for entry in board.scores if entry.score.val_top1 is not None}):
            text = board.trials[number].design
            if is_cut(text):
                continue
            design = Design.parse(text) if "|" in text else alike(text, self._costs, self._budget)
            if design is not None:
                found[number] = design
        return found

    def _believed(self, board: Board, scored: dict[int, Design], number: int, known: set[str]) -> list[Entry]:
        """What papers make one expect most of: children of what has a score, and regular designs of new blocks."""
        prior = Prior(self._features, epochs=board.ladder[-1])
        rng = np.random.default_rng((self._seed, len(board.trials)))
        chosen: list[Entry] = []
        informed = _informed(board, number)
        if scored:
            trials = list(scored)
            rows = encode(self._costs.space, list(scored.values()))
            children, parents = self._changes.children(rows, CHILDREN, rng)
            promise = prior.of(self._features.of(children))
            chosen = self._best(
                children, promise, lambda n: _origin([trials[p] for p in parents[n] if p >= 0]), informed // 2, known
            )
        tried = {Design.parse(design).stages[-1].kind for design in known if "|" in design and not is_cut(design)}
        fresh: dict[str, Design] = {}
        for design in promising(self._costs, self._budget, self._features, prior, rng):
            if len(chosen) + len(fresh) == informed:
                break
            kind = design.stages[-1].kind
            if kind not in {*tried, *fresh} and self._is_short(str(design)):
                fresh[kind] = design
        return [*chosen, *self._entries(list(fresh.values()), ["regular"] * len(fresh))]

    def _learned(self, board: Board, scored: dict[int, Design], number: int, known: set[str]) -> list[Entry]:
        """What the surrogate holds most promising among children of the best third and regular designs."""
        trials = list(scored)
        order = sorted(trials, key=board.rank)
        rows = encode(self._costs.space, list(scored.values()))
        place = {trial: n for n, trial in enumerate(trials)}
        scores = [entry for entry in board.scores if entry.trial in place and entry.score.val_top1 is not None]
        scores.sort(key=lambda entry: (entry.trial, entry.rung))  # a run that was killed reads them in this order
        prior = Prior(self._features, epochs=board.ladder[-1])
        seen = self._features.of(rows)[[place[entry.trial] for entry in scores]]
        surrogate = Surrogate(
            seen,
            [entry.rung for entry in scores],
            [entry.score.val_top1 or 0.0 for entry in scores],
            rungs=len(board.ladder),
            expected=prior.of(seen),
        )
        best = order[: min(max(2, len(order) // KEEP), PARENTS)]
        rng = np.random.default_rng((self._seed, len(board.trials)))
        children, parents = self._changes.children(rows[[place[trial] for trial in best]], CHILDREN, rng)
        tidy = regular(self._costs, self._budget, TIDY, rng)
        pool = np.concatenate([children, tidy])
        features = self._features.of(pool)
        guess, doubt = surrogate.predict(features, rung=len(board.ladder) - 1, expected=prior.of(features))

        def origin(n: int) -> str:
            return _origin([best[p] for p in parents[n] if p >= 0]) if n < len(children) else "regular"

        return self._best(pool, guess + CURIOSITY * doubt, origin, _informed(board, number), known)

    def _best(
        self, pool: np.ndarray, promise: np.ndarray, origin: Callable[[int], str], number: int, known: set[str]
    ) -> list[Entry]:
        """The most promising rows that are short."""
        chosen: dict[str, tuple[Design, str]] = {}
        for n in np.argsort(-promise, kind="stable"):
            if len(chosen) == number:
                break
            (design,) = decode(self._costs.space, pool[n : n + 1])
            if str(design) not in known and self._is_short(str(design)):
                chosen.setdefault(str(design), (design, origin(int(n))))
        return self._entries(*zip(*chosen.values(), strict=True)) if chosen else []

    def _entries(self, designs: Sequence[Design], origins: Sequence[str]) -> list[Entry]:
        return [
            Entry(design=str(design), origin=origin, costs=costs)
            for design, origin, costs in zip(designs, origins, self._costs.each(designs), strict=False)
        ]


def _informed(board: Board, number: int) -> int:
    """How many of so many designs more are not random."""
    before = len(board.trials)
    return number - ((before + number) // RANDOM - before // RANDOM)


def _origin(parents: Sequence[int]) -> str:
    """Where a child comes from.

    >>> _origin([3]), _origin([3, 5])
    ('changed from 3', 'crossed from 3 and 5')
    """
    return f"changed from {parents[0]}" if len(parents) == 1 else f"crossed from {parents[0]} and {parents[1]}"
