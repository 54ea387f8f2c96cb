"""In a log a step is one line, and how far it is another from time to time, however long the log already is."""

from __future__ import annotations

import io
import time

import pytest

from featherbone.cli import steps as module
from featherbone.cli.screen import Screen
from featherbone.cli.steps import steps


def test_how_far_a_step_is_comes_from_time_to_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    with steps() as say:
        for second in range(4 * int(module.AGAIN)):
            now = float(second)
            say(f"measuring a: {second} %")
        say("reading b")
    lines = capsys.readouterr().err.splitlines()
    told = [int(line.split()[-2]) for line in lines[:-1]]
    assert told == [turn * int(module.AGAIN) for turn in range(4)]
    assert lines[-1].split(maxsplit=2)[2] == "reading b"


def test_a_terminal_shows_the_step_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr(module, "console", lambda *, stderr: Screen(file=file, force_terminal=True, width=60))
    with steps() as say:
        say("measuring [a]")
        time.sleep(0.3)  # until it is drawn again
    assert "measuring [a]" in file.getvalue()
