"""What a job tells in lines, where no terminal draws a bar."""

from __future__ import annotations

import io
from typing import Any

import pytest

from featherbone.cli import progress
from featherbone.cli.progress import AGAIN, Live
from featherbone.cli.screen import Screen
from featherbone.progress import Noticed, Reading, Step, Trained, TrialBegan, TrialFailed, TrialScored


class Log:
    """The lines of a job, and a clock that a test turns."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.file = io.StringIO()
        monkeypatch.setattr(progress.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(progress, "console", lambda *, stderr: Screen(file=self.file, width=100))
        self.live = Live()

    def lines(self) -> list[str]:
        """What was said since the last time."""
        said = self.file.getvalue().splitlines()
        self.file.truncate(0)
        self.file.seek(0)
        return said


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    return Log(monkeypatch)


def trained(*, epoch: int = 1, step: int = 1, trial: int | None = None, note: str = "", **metrics: Any) -> Trained:
    row = {"train_loss": 1.5, **metrics}
    return Trained(trial=trial, epoch=epoch, epochs=3, step=step, steps=4, metrics=row, note=note)


def test_a_step_is_said_in_words_with_the_seconds_since_the_beginning(log: Log) -> None:
    log.now += 75
    log.live(Step(name="export"))
    log.live(Step(name="something new", detail="of this"))
    log.live(Noticed(sentence="two images are alike"))
    assert log.lines() == [
        "    75 s  exporting to ONNX",
        "    75 s  something new: of this",
        "    75 s  note: two images are alike",
    ]


def test_what_is_read_is_told_at_once_at_its_end_and_from_time_to_time(log: Log) -> None:
    said = []
    for seconds, done in ((0, 1), (AGAIN - 1, 20), (2, 30), (1, 40), (1, 50), (1, 50)):
        log.now += seconds
        log.live(Reading(what="images", done=done, total=50))
        said.append([line.split(" s ", 1)[1].strip() for line in log.lines()])
    assert said == [
        ["images 1 of 50 files"],
        [],
        ["images 30 of 50 files"],
        [],
        ["images 50 of 50 files"],
        ["images 50 of 50 files"],
    ]
    log.live(Reading(what="labels", done=3, total=0, unit="rows"))
    assert log.lines()[0].endswith("labels"), "another thing is told at once; of how many is not known"


def test_a_finished_epoch_gets_its_line_and_a_long_one_says_how_far_it_is(log: Log) -> None:
    log.live(trained())
    assert log.lines() == []
    log.now += AGAIN
    log.live(trained(step=3))
    (line,) = log.lines()
    assert line.split()[2:10] == ["epoch", "1,", "step", "3", "of", "4,", "loss", "1.500"]
    log.now += 1
    log.live(trained(step=4))
    assert log.lines() == [], "something was said a moment ago"
    log.live(trained(step=4, val_loss=1.25, val_top1=0.5))
    (line,) = log.lines()
    assert "epoch 1/3  loss 1.500  validation 1.250, 50.00 %" in line


def test_a_note_is_said_of_its_trial(log: Log) -> None:
    log.live(trained(note="it is slow"))
    log.live(trained(note="it is slow", trial=7))
    assert [line.split("s  ", 1)[1] for line in log.lines()] == ["note: it is slow", "  trial 7: it is slow"]


def test_a_search_says_what_its_trials_reached_and_how_they_failed(log: Log) -> None:
    log.live(TrialBegan(trial=3, design="d", rung=0, epochs=9))
    log.live(TrialScored(trial=3, rung=1, val_top1=0.5, leads=True))
    log.live(TrialScored(trial=12, rung=0, val_top1=None))
    for kind, final in (("crashed", False), ("lost", False), ("interrupted", False), ("crashed", True)):
        log.live(TrialFailed(trial=4, kind=kind, error="why", final=final))
    assert [line.split("s  ", 1)[1] for line in log.lines()] == [
        "  trial   3  rung 1  validation 50.00 %  best so far",
        "  trial  12  rung 0  no score",
        "  trial 4 crashed and will be tried again: why",
        "  trial 4 was lost with its worker and goes on from its last checkpoint: why",
        "  trial 4 was interrupted and goes on from its last checkpoint: why",
        "  trial 4 failed and is left out: why",
    ]


def test_a_long_trial_says_how_far_it_is(log: Log) -> None:
    log.now += AGAIN
    log.live(trained(trial=2, epoch=2, step=3))
    assert [line.split("s  ", 1)[1] for line in log.lines()] == ["  trial 2, epoch 2 of 3"]
    log.live(trained(trial=2, epoch=2, step=4, val_top1=0.5))
    log.live(trained(trial=2, epoch=3, step=1))
    assert log.live._epochs == {2: (2.25, 0.5)}, "the last accuracy stays until there is another"
