"""Processes that find each other: whoever waits says for whom, hears signals, and does not wait for ever."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from featherbone.errors import FeatherboneError
from featherbone.train.several import meeting
from featherbone.train.several.meeting import meet

MINUTE, MOMENT = timedelta(minutes=1), timedelta(seconds=0.3)


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port that is free, as the address where processes meet; waits are told at once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = int(free.getsockname()[1])
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", str(found))
    monkeypatch.setattr(meeting, "SILENT", 0.0)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield found
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(("rank", "for_whom"), [(1, "the first one, at 127.0.0.1:"), (0, "processes 2, 3")])
@pytest.mark.usefixtures("port")
def test_whoever_waits_says_so_and_hears_sigterm(rank: int, for_whom: str, capsys: pytest.CaptureFixture[str]) -> None:
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGTERM))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        meet(rank, 3, patience=MINUTE)
    timer.join()
    assert capsys.readouterr().err.startswith(f"note: process {rank + 1} of 3 waits for {for_whom}")


@pytest.mark.usefixtures("port")
def test_all_come_and_share_a_store() -> None:
    with ThreadPoolExecutor(2) as threads:
        other = threads.submit(meet, 1, 2, patience=MINUTE)
        first = meet(0, 2, patience=MINUTE)
        other.result().set("greeting", "hello")
    assert first.get("greeting") == b"hello"


def test_a_meeting_that_cannot_be_is_a_sentence(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FeatherboneError, match=r"process 2 of 2 waits for the first one, at .* in vain for 0 minutes"):
        meet(1, 2, patience=MOMENT)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(FeatherboneError, match=f"process 1 of 2 cannot use 127.0.0.1:{port}: "):
            meet(0, 2, patience=MOMENT)
    monkeypatch.setenv("MASTER_PORT", "70000")
    with pytest.raises(FeatherboneError, match=r"MASTER_ADDR is '127.0.0.1' and MASTER_PORT '70000'"):
        meet(0, 2, patience=MOMENT)
