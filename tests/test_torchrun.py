"""What `python -m featherbone.torchrun` asks torch for, and how it ends where a process does."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from torch.distributed import run
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from featherbone.torchrun import main

COMMAND = ["torchrun", "--nproc-per-node", "2", "--rdzv-id", "train", "train", "photos", "--network", "mobilenet_v2"]


def ends(failure: BaseException | None, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, int]:
    """What torch was asked for, and the exit code where it ends so."""
    asked: list[Any] = []

    def pretend(arguments: Any) -> None:
        asked.append(arguments)
        if failure is not None:
            raise failure

    monkeypatch.setattr("logging.disable", lambda level: None)
    monkeypatch.setattr("sys.argv", COMMAND)
    monkeypatch.setattr(run, "run", pretend)
    with pytest.raises(SystemExit) as stopped:
        main()
    return asked[0], int(str(stopped.value.code))


def test_the_command_is_one_of_featherbone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, code = ends(None, monkeypatch)
    assert (asked.module, asked.training_script, asked.nproc_per_node, code) == (True, "featherbone", "2", 0)
    assert asked.training_script_args == ["train", "photos", "--network", "mobilenet_v2"]


def test_it_ends_as_the_process_that_failed_first(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for code, expected in ((2, 2), (130, 130), (-signal.SIGKILL, 1)):
        failure = ProcessFailure(local_rank=0, pid=1, exitcode=int(code), error_file="<N/A>")
        assert ends(ChildFailedError("train", {0: failure}), monkeypatch)[1] == expected
    assert ends(SignalException("stop", signal.SIGTERM), monkeypatch)[1] == 130
    assert "Traceback" not in capfd.readouterr().err
