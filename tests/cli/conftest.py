"""The command line as a person meets it: arguments in, text and an exit code out."""

import sys
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _as_wide_as_a_pipe(monkeypatch):
    """What ran before in this process may have set a width: Ray does."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def featherbone(monkeypatch, capsys):
    """Run ``featherbone`` in this process."""
    from featherbone.cli.main import run

    def call(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["featherbone", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            run()
        captured = capsys.readouterr()
        code = stop.value.code
        return Ended(code if isinstance(code, int) else 0, captured.out, captured.err)

    return call
