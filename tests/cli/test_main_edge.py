"""The edge of the command line: whatever happens below it, a sentence and an exit code, on any stream."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from featherbone.cli import main
from featherbone.cli.output import console, print_table
from featherbone.cli.screen import Screen
from featherbone.cli.streams import visible
from featherbone.errors import FeatherboneError

HOSTILE = "cat\x1b[2J\x9b31m\u202eevil\x07\ud800"
SHOWN = "cat\\x1b[2J\\x9b31m\\u202eevil\\x07\\ud800"


def ended(error: BaseException, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    def failing() -> None:
        raise error

    monkeypatch.setattr(main, "app", failing)
    monkeypatch.setattr(sys, "argv", ["featherbone", *arguments])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    with pytest.raises(SystemExit) as stop:
        main.run()
    assert isinstance(stop.value.code, int)
    return stop.value.code


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (FeatherboneError("mine", hint="next"), 2, "error: mine\nhint:  next\n"),
        (
            ZeroDivisionError("division by zero"),
            70,
            "error: a defect of featherbone: ZeroDivisionError: division by zero",
        ),
        (RecursionError("deep"), 70, "a defect of featherbone: RecursionError: deep"),
        (AssertionError(), 70, "a defect of featherbone: AssertionError"),
        (MemoryError(), 2, "there is not enough memory"),
        (PermissionError(13, "Permission denied", "/etc/x"), 2, "/etc/x: Permission denied"),
        (FeatherboneError(HOSTILE), 2, "error: cat\\x1b[2J\\x9b31m\\u202eevil"),
    ],
)
def test_no_exception_shows_a_traceback(
    error: Exception, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(error, monkeypatch) == code
    shown = capsys.readouterr().err
    assert said in shown
    assert "Traceback" not in shown
    with pytest.raises(type(error)):
        ended(error, monkeypatch, "--debug")


def test_control_characters_are_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    assert visible(HOSTILE) == SHOWN
    assert visible("two\nlines\tétoile 💥 [bold]") == "two\nlines\tétoile 💥 [bold]"
    console().print(HOSTILE)
    print_table(HOSTILE, [HOSTILE, "n"], [[HOSTILE, "1"]])
    shown = capsys.readouterr().out
    assert shown.count("\\x1b[2J") == 4
    assert not any(sign in shown for sign in "\x1b\x9b\u202e\x07\ud800")
    file = io.StringIO()
    Screen(file=file, force_terminal=True, color_system="standard").print(f"[bold]{HOSTILE}[/]")
    assert "\x1b[1m" in file.getvalue(), "Rich's own sequences pass"
    assert "\x1b[2J" not in file.getvalue()


def test_streams_that_are_closed_or_know_few_letters(tmp_path: Path) -> None:
    ask = [sys.executable, "-m", "featherbone", "cost", "cifar_resnet20"]
    ascii = {**os.environ, "PYTHONIOENCODING": "ascii"}
    plain = subprocess.run(
        ask,
        env=ascii,
        capture_output=True,
        check=True,
        text=True,
        encoding="ascii",
    )
    assert "input 3x32x32" in plain.stdout
    closed = subprocess.run(["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *ask], capture_output=True, check=False, text=True)
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, "", "")


@pytest.mark.parametrize(("command", "continues"), [("fit", True), ("train", True), ("cost", False)])
def test_an_interrupted_job_says_whether_it_can_go_on(
    command: str, continues: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(SystemExit(main.INTERRUPTED), monkeypatch, command) == main.INTERRUPTED
    shown = capsys.readouterr().err
    assert "interrupted" in shown
    assert ("the same command continues where it stopped" in shown) is continues
