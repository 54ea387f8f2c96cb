"""The page of a search while it goes on: when it is written, and that it never ends the search."""

from __future__ import annotations

from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.job.search import page as paging
from featherbone.job.search.page import EVERY, paged
from featherbone.progress import Event, Noticed, Step, TrialScored

SCORED = TrialScored(trial=1, rung=0, val_top1=0.5)


class Desk:
    """Pages that were written, and a clock that only a page moves, or the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.takes, self.fails = 100.0, 0.0, False
        self.pages: list[int | None] = []
        monkeypatch.setattr(paging, "write_report", self.write)
        monkeypatch.setattr("featherbone.job.search.page.time.monotonic", lambda: self.now)

    def write(self, folder: Path, *, again: int | None) -> None:
        self.now += self.takes
        if self.fails:
            raise FeatherboneError("the disk is full")
        self.pages.append(again)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


def test_a_page_comes_with_scores_and_not_too_often(desk: Desk, tmp_path: Path) -> None:
    seen: list[Event] = []
    with paged(tmp_path, seen.append) as watch:
        watch(Step(name="search"))
        assert desk.pages == []
        for wait in (0.0, EVERY / 2, EVERY):
            desk.now += wait
            watch(SCORED)
    assert len(desk.pages) == 2
    assert None not in desk.pages  # the end of the job writes the last one
    assert len(seen) == 4


def test_a_page_that_takes_long_comes_less_often(desk: Desk, tmp_path: Path) -> None:
    desk.takes = 2.0
    with paged(tmp_path, lambda event: None) as watch:
        watch(SCORED)
        desk.now += 2 * EVERY
        watch(SCORED)
    assert len(desk.pages) == 1


def test_a_page_that_cannot_be_written_is_said_once_and_ends_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.fails, seen = True, list[Event]()
    with paged(tmp_path, seen.append) as watch:
        for _ in range(3):
            watch(SCORED)
            desk.now += 10 * EVERY
    said = [event.sentence for event in seen if isinstance(event, Noticed)]
    assert said == ["the page is not up to date: the disk is full"]


def test_a_search_that_is_interrupted_leaves_a_page_that_no_longer_loads_itself(desk: Desk, tmp_path: Path) -> None:
    def interrupted() -> None:
        with paged(tmp_path, lambda event: None) as watch:
            watch(SCORED)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert desk.pages[0] is not None
    assert desk.pages[-1] is None
