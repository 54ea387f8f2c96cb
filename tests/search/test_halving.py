"""Successive halving: who is promoted, what is trained, and what happens when a trial or the machine fails."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.search import Design, Ledger, Score, Trial, costs_of, halve, open_ledger, rungs, silent
from featherbone.search.halving import ranking

GRAPH = Design.parse("r8 | stem w4").graph(classes=2, channels=1)
LADDER = rungs(9, 27)  # 9 trials for 9 epochs, 3 for 27


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as ledger:
        ledger.add([(f"design {place}", GRAPH, costs_of(GRAPH)) for place in range(1, 10)], "{}")
        yield ledger


class Trainer:
    """Scores trials by a rule, and keeps what it was asked for."""

    def __init__(self, rule: Callable[[int, int], float | None]) -> None:
        self.rule = rule
        self.calls: list[tuple[int, int]] = []

    def __call__(self, trial: Trial, epochs: int) -> Score:
        self.calls.append((trial.id, epochs))
        top1 = self.rule(trial.id, epochs)
        return Score(epochs=epochs, val_top1=top1, val_loss=1.0 if top1 is None else 1 - top1, seconds=1.0)


def test_the_best_third_is_promoted_and_the_last_rung_decides(ledger: Ledger) -> None:
    train = Trainer(lambda trial, epochs: trial / 10 if epochs == 9 else 1 - trial / 10)
    assert halve(ledger, LADDER, train, silent).id == 7
    assert train.calls == [*((trial, 9) for trial in range(1, 10)), (9, 27), (8, 27), (7, 27)]
    states = [trial.state for trial in ledger.trials()]
    assert states == ["paused"] * 6 + ["done"] * 3


@pytest.mark.parametrize("stop_after", range(13))
def test_a_search_that_is_stopped_goes_on_and_trains_nothing_twice(ledger: Ledger, stop_after: int) -> None:
    class Killed(BaseException):
        pass

    whole = Trainer(lambda trial, epochs: (trial * 7 % 10) / 10)

    def mortal(trial: Trial, epochs: int) -> Score:
        if len(whole.calls) == stop_after:
            raise Killed
        return whole(trial, epochs)

    try:
        halve(ledger, LADDER, mortal, silent)
    except Killed:
        assert stop_after < 12
    assert halve(ledger, LADDER, whole, silent).id == 7
    assert sorted(whole.calls) == sorted([*((trial, 9) for trial in range(1, 10)), (7, 27), (4, 27), (1, 27)])


def test_a_trial_that_crashes_fails_alone_and_stays_failed(ledger: Ledger) -> None:
    def rule(trial: int, epochs: int) -> float:
        if trial in (3, 9) and epochs == {3: 9, 9: 27}[trial]:
            raise ValueError(f"trial {trial}")
        return trial / 10

    train = Trainer(rule)
    assert halve(ledger, LADDER, train, silent).id == 8
    assert [(t.id, t.error) for t in ledger.trials() if t.state == "failed"] == [
        (3, "ValueError: trial 3"),
        (9, "ValueError: trial 9"),
    ]
    again = Trainer(rule)
    assert halve(ledger, LADDER, again, silent).id == 8
    assert again.calls == []  # nor is a fourth trial promoted in place of the one that failed


def test_equal_scores_go_to_the_earlier_and_nan_comes_last(ledger: Ledger) -> None:
    train = Trainer(lambda trial, epochs: None if trial < 8 else 0.5)
    assert halve(ledger, LADDER, train, silent).id == 8
    assert train.calls[9:] == [(8, 27), (9, 27), (1, 27)]


def test_a_full_disk_ends_the_run_not_the_trial(ledger: Ledger) -> None:
    def rule(trial: int, epochs: int) -> float:
        try:
            raise OSError(errno.ENOSPC, "no space")
        except OSError as error:
            raise FeatherboneError("the checkpoint could not be saved") from error

    with pytest.raises(FeatherboneError, match="could not be saved"):
        halve(ledger, LADDER, Trainer(rule), silent)
    assert all(trial.state != "failed" for trial in ledger.trials())
    assert halve(ledger, LADDER, Trainer(lambda trial, epochs: trial / 10), silent).id == 9


def test_where_every_trial_fails_the_first_error_is_told(ledger: Ledger) -> None:
    def rule(trial: int, epochs: int) -> float:
        raise RuntimeError(f"broken {trial}")

    with pytest.raises(FeatherboneError, match=r"design 1 failed with: RuntimeError: broken 1"):
        halve(ledger, LADDER, Trainer(rule), silent)


@pytest.mark.parametrize("trials", range(1, 40))
@pytest.mark.parametrize("epochs", [1, 2, 5, 9, 30, 100])
def test_rungs_start_with_all_trials_and_end_with_the_whole_recipe(trials: int, epochs: int) -> None:
    ladder = rungs(trials, epochs)
    assert (ladder[0].trials, ladder[-1].epochs) == (trials, epochs)
    assert [rung.epochs for rung in ladder] == sorted({rung.epochs for rung in ladder})
    assert [rung.trials for rung in ladder] == sorted({rung.trials for rung in ladder}, reverse=True)
    assert ladder[-1].trials <= 3 or epochs < 6


def test_trials_rank_by_top1_then_loss_then_cost_then_age() -> None:
    def place(trial: int, top1: float | None, loss: float | None, macs: int) -> tuple[float, float, int, int]:
        score = Score(epochs=9, val_top1=top1, val_loss=loss, seconds=1.0)
        return ranking(Trial(id=trial, design="", macs=macs, state="paused", error=None), score)

    best_first = [
        place(6, 0.9, 0.5, 300),
        place(5, 0.8, 0.1, 300),
        place(4, 0.8, 0.2, 100),  # more loss weighs more than fewer multiply-adds
        place(1, 0.8, 0.2, 200),
        place(2, 0.8, 0.2, 200),
        place(3, 0.8, None, 100),
        place(7, None, 0.1, 100),
    ]
    assert sorted(best_first) == best_first
