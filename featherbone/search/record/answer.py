"""What a search has found, and how sure that is: Pareto fronts, the winner, and what can't be told apart from it.

Every score is a share of the same validation images, so it has the binomial standard error of that many. A difference
of two has the errors of both; as both saw the same images its true error is smaller, which makes ties the careful call.
Scores compare at a rung that both designs reached: after the same epochs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from featherbone.search.record.ranking import Rank, rank_of
from featherbone.search.record.rows import COLUMNS, Score, Trial

TIED = 1.96  # standard errors: nearer than that is a tie, at 95 %


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A design that has a score: its top-1 by rung, and its costs by the names of a budget, those that are known.

    ``loss`` is that of the last score; what does not ``fit`` was measured above the limit on latency.
    """

    id: int
    design: str
    origin: str
    epochs: int
    scores: Mapping[int, float]
    costs: Mapping[str, float]
    loss: float | None = None
    fits: bool = True

    @cached_property
    def rung(self) -> int:
        return max(self.scores)

    @cached_property
    def top1(self) -> float:
        return self.scores[self.rung]

    @property
    def rank(self) -> Rank:
        macs = self.costs.get("macs", 0)
        return Rank.of(trial=self.id, macs=macs, rung=self.rung, top1=self.top1, loss=self.loss, out=not self.fits)


@dataclass(frozen=True, kw_only=True)
class Point:
    """A design on a Pareto front: nothing that costs as little scores as high. ``standard_error`` is of ``top1``."""

    trial: int
    cost: float
    top1: float
    standard_error: float
    rung: int
    epochs: int
    tied: bool


@dataclass(frozen=True, kw_only=True)
class Gap:
    """How far a design is behind the winner at ``rung``, the last that both reached, in top-1 and in standard errors of
    the difference; None where there is no error to measure it by.
    """

    trial: int
    design: str
    rung: int
    top1: float
    behind: float
    standard_errors: float | None

    @property
    def tied(self) -> bool:
        return self.behind <= 0 if self.standard_errors is None else self.standard_errors < TIED


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The winner, or of a search that goes on the leader, and what stands around it.

    ``fronts`` are by cost. ``tied`` are the designs of the winner's rung that can't be told apart from it. ``binding``
    is the limit that is used most, ``used`` the share of each. ``zoo`` is the best network of the papers, if any other
    was tried, and ``zoo_tried`` how many were.
    """

    winner: Scored
    images: int
    standard_error: float
    fronts: Mapping[str, tuple[Point, ...]]
    tied: tuple[int, ...]
    second: Gap | None
    zoo: Gap | None
    zoo_tried: int
    used: Mapping[str, float]
    binding: str | None


def answer(designs: Sequence[Scored], *, winner: int | None, budget: Mapping[str, float], images: int) -> Answer | None:
    """The answer of a search; None where no design has a score. Without ``winner`` the first by rank leads.

    >>> scores = [{0: 0.5, 1: 0.80}, {0: 0.6, 1: 0.79}, {0: 0.4}]
    >>> designs = [
    ...     Scored(id=n, design=f"d{n}", origin="random", epochs=9, scores=each, costs={"macs": 100 * n})
    ...     for n, each in enumerate(scores, start=1)
    ... ]
    >>> found = answer(designs, winner=None, budget={"macs": 110}, images=400)
    >>> found.winner.id, found.tied, found.binding, [point.trial for point in found.fronts["macs"]]
    (1, (2,), 'macs', [1])
    >>> round(found.standard_error, 3), round(found.second.behind, 3), round(found.second.standard_errors, 2)
    (0.02, 0.01, 0.35)
    """
    order = sorted(designs, key=lambda each: each.rank)
    best = next((each for each in order if each.id == winner), order[0] if order else None)
    if best is None:
        return None
    others = [each for each in order if each is not best]
    rivals = [gap(best, each, images) for each in others if each.rung == best.rung]
    tied = tuple(sorted(each.trial for each in rivals if each.tied))
    known = {best.id, *tied}
    zoo = [each for each in order if each.origin == "zoo"]
    used = {name: best.costs[name] / limit for name, limit in budget.items() if name in best.costs}
    return Answer(
        winner=best,
        images=images,
        standard_error=standard_error(best.top1, images),
        fronts={
            cost: tuple(_point(each, cost, images, known) for each in front(designs, cost))
            for cost in COLUMNS
            if any(cost in each.costs for each in designs)
        },
        tied=tied,
        second=gap(best, others[0], images) if others else None,
        zoo=next((gap(best, each, images) for each in zoo if each is not best), None),
        zoo_tried=len(zoo),
        used=used,
        binding=max(used, key=lambda name: used[name], default=None),
    )


def scored(trial: Trial, scores: Mapping[int, Score], latency: float | None) -> Scored | None:
    """A trial with its scores by rung, as a design that compares; None where it has none, or failed.

    ``latency`` is the limit in milliseconds, if any.
    """
    if trial.val_top1 is None or trial.state == "failed":
        return None
    return Scored(
        id=trial.id,
        design=trial.design,
        origin=trial.origin,
        epochs=trial.epochs,
        scores={rung: score.val_top1 for rung, score in scores.items() if score.val_top1 is not None},
        costs=trial.costs,
        loss=trial.val_loss,
        fits=rank_of(trial, latency).leads,
    )


def front(designs: Sequence[Scored], cost: str) -> list[Scored]:
    """The designs that none as cheap equals in top-1, the cheapest first."""
    known = [each for each in designs if cost in each.costs]
    if not known:
        return []
    costs, scores = np.array([each.costs[cost] for each in known]), np.array([each.top1 for each in known])
    order = np.lexsort((-scores, costs))
    before = np.concatenate([[-np.inf], np.maximum.accumulate(scores[order])[:-1]])
    return [known[n] for n in order[scores[order] > before]]


def gap(winner: Scored, other: Scored, images: int) -> Gap:
    """How far ``other`` is behind ``winner``."""
    rung = max((rung for rung in other.scores if rung in winner.scores), default=other.rung)
    first, second = winner.scores.get(rung, winner.top1), other.scores[rung]
    error = math.hypot(standard_error(first, images), standard_error(second, images))
    behind = first - second
    errors = behind / error if error else None
    return Gap(trial=other.id, design=other.design, rung=rung, top1=second, behind=behind, standard_errors=errors)


def standard_error(share: float, count: int) -> float:
    """Of a share of ``count`` images, by the binomial distribution.

    >>> round(standard_error(0.9, 100), 3)
    0.03
    """
    return math.sqrt(share * (1 - share) / count) if count else 0.0


def _point(each: Scored, cost: str, images: int, tied: set[int]) -> Point:
    return Point(
        trial=each.id,
        cost=each.costs[cost],
        top1=each.top1,
        standard_error=standard_error(each.top1, images),
        rung=each.rung,
        epochs=each.epochs,
        tied=each.id in tied,
    )
