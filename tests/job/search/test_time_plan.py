"""The time plan of a search: measured once and remembered; how long a schedule is, and what is too long to train."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from featherbone.data import open_dataset
from featherbone.errors import FeatherboneError
from featherbone.graph import Graph
from featherbone.job.search.time_plan import (
    KEY,
    LONGEST,
    MOST,
    SHARE,
    TimePlan,
    TrialConditions,
    remember_time_plan,
    time_plan_of,
)
from featherbone.job.search.trial_work import Images
from featherbone.progress import silent
from featherbone.search import Ledger, Limits, open_ledger
from featherbone.search.costs.effort import effort
from featherbone.train import Setting, default_recipe
from featherbone.train.tuning.setting_choice import Choice, Tried

EXAMPLE = "r8 | stem w8 | basic w8"
Ask = Callable[..., TimePlan]


def never() -> Graph:
    raise AssertionError("it is remembered, or not needed")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as ledger:
        yield ledger


@pytest.fixture
def ask(ledger: Ledger) -> Ask:
    """The time plan of a search on the digits whose recipe has so many epochs."""
    dataset = open_dataset("digits")
    images = Images(source="digits", resolution=None, seed=0, skip_bad=False, fingerprint=dataset.fingerprint)

    def time_plan(
        recipe_epochs: int, /, *, example: Callable[[], Graph] | None = None, workers: int = 1, **asked: Any
    ) -> TimePlan:
        fixed, setting = asked.pop("fixed", False), asked.pop("setting", None)
        recipe = default_recipe(dataset, recipe_epochs)
        found = time_plan_of(
            ledger.recall(KEY),
            TrialConditions(images=images, recipe=recipe, threads=1, setting=setting),
            example=example or (lambda: images.network(EXAMPLE)),
            limits=Limits(trials=9, **asked),
            fixed=fixed,
            workers=workers,
            progress=silent,
        )
        remember_time_plan(ledger, found)
        return found

    return time_plan


def timed_at(monkeypatch: pytest.MonkeyPatch, speeds: Sequence[float]) -> list[float]:
    """The next timings give these speeds, in images a second; what is returned are those still to come."""
    left = list(speeds)

    def timed(*_: Any, among: Sequence[Setting], **__: Any) -> Choice:
        tried = Tried(setting=among[0], images_per_second=left.pop(0), steps=9, reason="")
        return Choice(setting=among[0], tried=(tried,), batch_size=64, seconds=1.0)

    monkeypatch.setattr("featherbone.job.search.time_plan.choose", timed)
    return left


@pytest.mark.parametrize("workers", [1, 4])
def test_a_schedule_takes_its_share_of_the_time_and_a_design_that_takes_more_is_too_long(
    ask: Ask, workers: int
) -> None:
    """More workers pay for more designs, not for longer schedules: one worker trains the winner."""
    first = ask(500, seconds=60.0, workers=workers)
    assert ask(500, seconds=60.0, workers=workers, example=never) == first  # it is measured once
    assert first.afforded is not None
    assert first.epochs == pytest.approx(SHARE * first.afforded / workers, abs=1)
    times_as_long = first.longest / effort(EXAMPLE, classes=10, channels=1)
    assert times_as_long * first.epochs == pytest.approx(LONGEST * first.afforded / workers, rel=0.1)


def test_with_more_time_schedules_are_longer_than_without_a_limit_but_not_for_ever(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed_at(monkeypatch, [1000.0, 1000.0])
    assert ask(2, seconds=60.0).epochs == MOST * 2


@pytest.mark.parametrize("speeds", [(200.0, 1600.0), (1600.0, 200.0)])
def test_of_two_timings_the_better_one_counts(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, speeds: tuple[float, float]
) -> None:
    """What others do on the machine makes a timing slower and never faster."""
    left = timed_at(monkeypatch, speeds)
    images = len(open_dataset("digits").splits["train"].labels)
    assert ask(500, seconds=60.0).afforded == int(60.0 * 1600.0 / images)
    assert not left


def test_epochs_that_were_asked_for_stay(ask: Ask) -> None:
    assert ask(3, seconds=60.0, fixed=True).epochs == 3


@pytest.mark.parametrize("fixed", [False, True])
def test_a_time_that_no_schedule_fits_is_refused_and_nothing_is_remembered(
    ask: Ask, ledger: Ledger, fixed: bool
) -> None:
    with pytest.raises(FeatherboneError, match=r"epochs at most on this machine, and a whole schedule has") as refused:
        ask(100_000, seconds=60.0 if fixed else 0.01, fixed=fixed)
    assert "--time" in (refused.value.hint or "")
    assert ledger.recall("tempo") is None


def test_a_setting_that_is_asked_for_is_taken_and_stays(ask: Ask) -> None:
    asked = Setting(channels_last=False, precision="bfloat16", threads=1)
    assert ask(4, setting=asked).setting == asked
    assert ask(4, example=never).setting == asked  # the run goes on as it was begun
    assert ask(4, example=never, setting=asked).setting == asked
    with pytest.raises(FeatherboneError, match=r"another setting \(NCHW, bfloat16, 1 thread there, .* 2 threads now"):
        ask(4, setting=Setting(threads=2))


def test_a_setting_that_cannot_train_is_refused_before_the_search(
    ask: Ask, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def uncompiled(_: object) -> None:
        raise FeatherboneError("there is no C++ compiler")

    monkeypatch.setattr("featherbone.kernels.fused.kernels", uncompiled)
    with pytest.raises(FeatherboneError, match="cannot be trained here: there is no C"):
        ask(4, setting=Setting(fused=True, threads=1))
    assert ledger.recall("tempo") is None


@pytest.mark.parametrize("epochs", [5, 20, 400])
def test_a_limit_of_epochs_pays_for_a_whole_schedule_and_as_much_again(ask: Ask, epochs: int) -> None:
    assert ask(50, example=never, epochs=epochs).epochs == min(50, epochs // 2)


def test_without_a_limit_of_time_nothing_is_too_long(ask: Ask) -> None:
    found = ask(9, example=never)
    assert found == TimePlan(setting=Setting(threads=1), epochs=9)
    assert ask(20, example=never) == found, "as the ledger holds it"
