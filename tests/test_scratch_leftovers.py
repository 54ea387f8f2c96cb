"""What killed processes leave behind goes, what a living one holds stays, and locks lead nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from featherbone.atomic import UNFINISHED, remove_unfinished, write_atomically
from featherbone.errors import FeatherboneError
from featherbone.lock import in_turn, locked
from featherbone.scratch import PREFIX, scratch

KILLED_WRITE = (
    "import os, signal, sys; from pathlib import Path; from featherbone.atomic import write_atomically\n"
    "with write_atomically(Path(sys.argv[1])) as file:\n"
    "    file.write(b'half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
)
KILLED_SCRATCH = (
    "import os, signal; from featherbone.scratch import scratch\n"
    "with scratch() as folder:\n"
    "    (folder / 'model').write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)"
)


def unfinished(folder: Path) -> list[Path]:
    return sorted(folder.rglob(f".*{UNFINISHED}"))


def test_the_next_write_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    target = tmp_path / "run [1].json"
    subprocess.run([sys.executable, "-c", KILLED_WRITE, str(target)], check=False)
    (tmp_path / f".other.1{UNFINISHED}").touch()
    assert len(unfinished(tmp_path)) == 2
    with write_atomically(target) as file:
        file.write(b"whole")
    assert target.read_bytes() == b"whole"
    assert [path.name for path in unfinished(tmp_path)] == [f".other.1{UNFINISHED}"]


def test_what_a_living_process_writes_stays(tmp_path: Path) -> None:
    with write_atomically(tmp_path / "a") as first:
        first.write(b"first")
        with write_atomically(tmp_path / "a") as second:
            second.write(b"second")
        remove_unfinished(tmp_path)
        assert len(unfinished(tmp_path)) == 1
    assert (tmp_path / "a").read_bytes() == b"first"


def test_a_folder_is_cleared_with_those_below(tmp_path: Path) -> None:
    (tmp_path / "trials" / "1").mkdir(parents=True)
    for path in (tmp_path / f".run.json.1{UNFINISHED}", tmp_path / "trials" / "1" / f".log.2{UNFINISHED}"):
        path.touch()
    (tmp_path / "mine.tmp").touch()
    remove_unfinished(tmp_path)
    assert unfinished(tmp_path) == []
    assert (tmp_path / "mine.tmp").exists()


def test_the_next_scratch_folder_removes_a_killed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "featherbone-photos").mkdir()  # a person's own
    subprocess.run([sys.executable, "-c", KILLED_SCRATCH], check=False)
    assert [path.name for path in tmp_path.glob(f"{PREFIX}*/model")] == ["model"]
    with scratch() as held:
        assert [path.name for path in tmp_path.glob(f"{PREFIX}*")] == [held.name]
        with scratch() as other:
            assert held.exists()
            assert other.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["featherbone-photos"]


def test_a_lock_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("all of it")
    (tmp_path / "soft").symlink_to(precious)
    os.link(precious, tmp_path / "hard")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "absent")
    for name in ("soft", "hard", "pipe", "folder", "dangling"):
        with pytest.raises(FeatherboneError, match="a lock is a plain file"), locked(tmp_path / name, "the run"):
            pass
        with pytest.raises(FeatherboneError, match="a lock is a plain file"), in_turn(tmp_path / name, lambda: None):
            pass
    assert precious.read_text() == "all of it"
    assert not (tmp_path / "absent").exists()
    with locked(tmp_path / "plain", "the run"):
        assert int((tmp_path / "plain").read_text()) == os.getpid()


def test_an_interrupted_download_of_a_killed_process_is_adopted(tmp_path: Path) -> None:
    from featherbone.download import STALE, download

    left = tmp_path / "weights.0a1b.partial"
    left.write_bytes(b"half")
    os.utime(left, (0, time.time() - STALE - 60))
    fresh = tmp_path / "weights.2c3d.partial"
    fresh.write_bytes(b"another process is at it")
    with pytest.raises(FeatherboneError):
        download("http://127.0.0.1:9/weights", tmp_path / "weights", hashed="sha256:00", pause=0.01)
    assert (tmp_path / "weights.part").read_bytes() == b"half"
    assert not left.exists()
    assert fresh.exists()
