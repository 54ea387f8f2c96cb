"""Successive halving: train all a little, the best third longer, the best of those to the end.

A trial pauses at its rung with its checkpoint and goes on from there when it is promoted; all rungs are points of one
schedule, so nothing is trained twice and the last rung is the full recipe. Every decision follows from the scores in
the ledger: a run that was killed takes the same way again, without the training that is done.

Source: Jamieson and Talwalkar 2016, arXiv:1502.07943 (successive halving); Li et al. 2017, arXiv:1603.06560, section 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from featherbone.errors import FeatherboneError
from featherbone.progress import Progress, RungBegan, TrialBegan, TrialFailed, TrialScored
from featherbone.search.ledger import Ledger, Score, Trial

KEEP = 3  # one in three goes on
FIRST_RUNG = 2  # epochs at least: a score after one says little


@dataclass(frozen=True, kw_only=True)
class Rung:
    """At most ``trials`` trials are trained up to ``epochs`` epochs."""

    trials: int
    epochs: int


def rungs(trials: int, epochs: int) -> tuple[Rung, ...]:
    """The rungs for so many trials, the last of them ``epochs`` long.

    >>> [(rung.trials, rung.epochs) for rung in rungs(12, 54)]
    [(12, 6), (4, 18), (2, 54)]
    >>> [(rung.trials, rung.epochs) for rung in rungs(1, 30)]
    [(1, 30)]
    """
    sizes = [trials]
    while sizes[-1] > KEEP or sizes == [trials] != [1]:
        sizes.append(math.ceil(sizes[-1] / KEEP))
    ladder: list[Rung] = []
    for back, size in enumerate(reversed(sizes)):
        length = epochs // KEEP**back
        if ladder and length < FIRST_RUNG:
            break
        ladder.insert(0, Rung(trials=size, epochs=length))
    return (Rung(trials=trials, epochs=ladder[0].epochs), *ladder[1:])


def halve(ledger: Ledger, ladder: tuple[Rung, ...], train: Callable[[Trial, int], Score], progress: Progress) -> Trial:
    """Climb the rungs with the ledger's trials; the winner is the best trial at the last rung.

    ``train(trial, epochs)`` trains up to so many epochs, from where the trial's checkpoint is, and returns its score on
    the validation split. An error in it fails that trial only, unless it is the system's (a full disk), which ends the
    run; it may be resumed then.

    Raises:
        FeatherboneError: every trial failed; with the first one's error.
    """
    alive = list(ledger.trials())
    for place, rung in enumerate(ladder):
        alive = alive[: rung.trials]
        progress(
            RungBegan(rung=place, rungs=len(ladder), epochs=rung.epochs, trials=tuple(trial.id for trial in alive))
        )
        scored = []
        for trial in alive:
            score = ledger.score(trial.id, place)
            if score is None and trial.state != "failed":
                score = _climb(ledger, trial, place, ladder, train, progress)
            if score is not None:
                scored.append((ranking(trial, score), trial))
        alive = [trial for _, trial in sorted(scored, key=lambda pair: pair[0])]
        if not alive:
            raise _hopeless(ledger)
    return alive[0]


def ranking(trial: Trial, score: Score) -> tuple[float, float, int, int]:
    """Sorts trials, best first: higher top-1, then lower loss, then fewer multiply-adds, then the earlier trial.

    What is not a number comes last.
    """
    top1 = -math.inf if score.val_top1 is None else score.val_top1
    loss = math.inf if score.val_loss is None else score.val_loss
    return (-top1, loss, trial.macs, trial.id)


def _climb(
    ledger: Ledger,
    trial: Trial,
    place: int,
    ladder: tuple[Rung, ...],
    train: Callable[[Trial, int], Score],
    progress: Progress,
) -> Score | None:
    """Train one trial up to a rung; None where it failed."""
    ledger.set_state(trial.id, "running")
    progress(TrialBegan(trial=trial.id, design=trial.design, rung=place, epochs=ladder[place].epochs))
    try:
        score = train(trial, ladder[place].epochs)
    except Exception as error:  # whatever a design's training can raise: it is that design's end, not the search's
        if _of_the_system(error):
            raise
        message = f"{type(error).__name__}: {error}"
        ledger.fail(trial.id, message)
        progress(TrialFailed(trial=trial.id, error=message))
        return None
    ledger.reach(trial.id, place, score, state="done" if place == len(ladder) - 1 else "paused")
    progress(TrialScored(trial=trial.id, rung=place, val_top1=score.val_top1))
    return score


def _of_the_system(error: BaseException | None) -> bool:
    """Whether the machine is the cause, such as a full disk, and not the design: then all trials would fail."""
    while error is not None:
        if isinstance(error, OSError | MemoryError):
            return True
        error = error.__cause__
    return False


def _hopeless(ledger: Ledger) -> FeatherboneError:
    first = next(trial for trial in ledger.trials() if trial.state == "failed")
    return FeatherboneError(
        f"no trial of the search could go on; {first.design} failed with: {first.error}",
        hint="when the cause is gone, remove the run's folder and start again",
    )
