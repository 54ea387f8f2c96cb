"""A lock is held by one, wherever the others come from, and is free again when its holder ends."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.lock import in_turn, locked


def test_a_second_holder_is_refused_and_the_next_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path, "the run"):
        with (
            pytest.raises(FeatherboneError, match=rf"the run is in use by process {os.getpid()}"),
            locked(path, "the run"),
        ):
            pass
        with pytest.raises(FeatherboneError, match="in use"), locked(path, "the run"):  # the refused one let nothing go
            pass
    with locked(path, "the run"):
        pass


def test_turns_never_overlap_and_leave_nothing(tmp_path: Path) -> None:
    path, inside, most, done = tmp_path / "turn", [], [], []

    def work(number: int) -> None:
        for _ in range(5):
            with in_turn(path, lambda: None, pause=0.001):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)
        done.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == [0, 1, 2, 3]
    assert set(most) == {1}
    assert list(tmp_path.iterdir()) == []


def test_who_waited_for_a_file_that_is_gone_waits_for_the_new_one(tmp_path: Path) -> None:
    """The holder before removes its file; what is locked then must be the file that the next one sees."""
    path = tmp_path / "turn"
    old = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(old, fcntl.LOCK_EX)
    waits, news = threading.Semaphore(0), []  # released whenever the waiter waits or enters

    def wait() -> None:
        with in_turn(path, waits.release, pause=0.001):
            news.append("entered")
            waits.release()

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert waits.acquire(timeout=60)
    path.unlink()  # as the holder does at its end
    new = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(new, fcntl.LOCK_EX)  # and another was faster
    os.close(old)
    for _ in range(50):
        assert waits.acquire(timeout=60)
    assert news == []
    os.close(new)
    waiter.join(60)
    assert news == ["entered"]
