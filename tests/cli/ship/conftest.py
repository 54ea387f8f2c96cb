"""A network that reads digits, and the command line."""

import sys

import pytest
from digit_reader import digit_reader

from featherbone.nn import save_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("shipping") / "digits.safetensors"
    save_model(path, digit_reader())
    return path


@pytest.fixture
def featherbone(monkeypatch, capsys):
    from featherbone.cli.main import run

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["featherbone", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            run()
        return stop.value.code or 0, *capsys.readouterr()

    return call
