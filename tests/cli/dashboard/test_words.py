"""The lines of the dashboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_search import TRIED

from featherbone.cli.dashboard import watch
from featherbone.cli.dashboard.words import best_lines, event_line, spending_lines
from featherbone.search.record.glance import Ended, Glance


def glance(**changes: Any) -> Glance:
    known: dict[str, Any] = {
        "states": {"waiting": 1, "running": 0, "stopped": 1200},
        "spent": {"trials": 3, "epochs": 1400, "seconds": 7500.0},
        "limits": {"seconds": 9000.0, "trials": 10, "epochs": 2000},
        "left": {"seconds": 1500.0, "trials": 7, "epochs": 600},
        "workers": 2,
        "finished": False,
        "budget": {"macs": 4000, "peak_memory": 2048},
        "best": TRIED[1][0],
        "rungs": (),
        "running": (),
        "latest": (),
    }
    return Glance(**{**known, **changes})


def test_the_leader_stands_with_the_share_of_each_limit_first() -> None:
    assert best_lines(glance()) == [
        "best   trial 2, 80.00 % after 4 epochs (random)",
        "       2.0 k multiply-adds (50 % of the limit), 2.0 KiB peak memory (100 % of the limit), 100 parameters, "
        "7.8 KiB model file, 2.0 KiB int8 model file",
        "       r8 | stem w8",
    ]
    assert best_lines(glance(best=None))[0] == "best   none has a score yet"


def test_what_is_spent_and_left_has_its_unit() -> None:
    assert spending_lines(glance()) == [
        "trials 1 waiting, 1,200 stopped",
        "spent  1,400 epochs, 2:05 h of training by 2 workers",
        "left   25:00 min of 2:30 h, 600 of 2,000 epochs",
    ]
    alone = glance(limits={"trials": 10}, left={"trials": 7}, workers=None, states={})
    assert spending_lines(alone) == [
        "trials none yet",
        "spent  1,400 epochs, 2:05 h of training",
        "left   7 of 10 trials",
    ]
    assert len(spending_lines(glance(limits={}, left={}))) == 2


def test_an_attempt_ends_with_a_score_without_or_with_an_error() -> None:
    ended = {"attempt": 1, "trial": 7, "rung": 2, "ended": 100.0}
    lost = Ended(outcome="lost", top1=None, error="its node is gone", **ended)
    assert event_line(lost, 105.0) == "trial 7 lost on its way to rung 2, 5 s ago: its node is gone"
    unscored = Ended(outcome="scored", top1=None, error="", **ended)
    assert event_line(unscored, 90.0) == "trial 7 reached rung 2: no score, 0 s ago", "clocks of two machines differ"


def test_each_event_is_told_once_however_often_it_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = [
        Ended(attempt=number, trial=number, rung=0, outcome="scored", top1=0.5, error="", ended=100.0)
        for number in (1, 2, 3)
    ]
    looks = [glance(latest=(ended[1], ended[0])), glance(latest=(ended[2], ended[1], ended[0]))]
    monkeypatch.setattr(watch, "_glances", lambda run: iter(looks))
    monkeypatch.setattr(watch, "_end_of", lambda run: "over")
    watch.watch(tmp_path, json_lines=False)
    told = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("trial ")]
    assert told == ["1", "2", "3"]
