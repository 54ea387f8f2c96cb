"""The previous file survives every failure of a write, and nothing else is left in the folder."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from featherbone.atomic import write_atomically
from featherbone.errors import FeatherboneError


def write(path: Path, content: bytes) -> None:
    with write_atomically(path) as file:
        file.write(content)


def assert_only(path: Path, content: bytes) -> None:
    assert path.read_bytes() == content
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_new_file_and_a_replaced_one(tmp_path: Path) -> None:
    path = tmp_path / "model"
    write(path, b"first")
    assert_only(path, b"first")
    write(path, b"second, longer")
    assert_only(path, b"second, longer")


def test_an_error_in_the_block_passes_through_and_keeps_the_previous_file(tmp_path: Path) -> None:
    path = tmp_path / "model"
    write(path, b"previous")
    with pytest.raises(KeyboardInterrupt):
        write_and_be_interrupted(path)
    assert_only(path, b"previous")


def write_and_be_interrupted(path: Path) -> None:
    with write_atomically(path) as file:
        file.write(b"half of the new")
        raise KeyboardInterrupt


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 64 KiB."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("a file system can only be mounted by root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_full_disk(small_disk: Path) -> None:
    path = small_disk / "model"
    write(path, b"previous")
    with pytest.raises(FeatherboneError, match=r"cannot write .*model: No space left on device \(free some space"):
        write(path, bytes(200_000))
    assert_only(path, b"previous")


def test_file_size_limit_of_the_system(tmp_path: Path) -> None:
    path = tmp_path / "model"
    write(path, b"previous")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(FeatherboneError, match=r"cannot write .*model: File too large"):
            write(path, bytes(200_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert_only(path, b"previous")


def test_disk_that_turns_out_full_when_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model"
    write(path, b"previous")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FeatherboneError, match="No space left"):
        write(path, b"new")
    assert_only(path, b"previous")


def test_the_content_is_flushed_before_the_rename_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(descriptor: int) -> None:
        events.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def note_replace(source: Path, target: Path) -> None:
        events.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    write(tmp_path / "model", b"new")
    assert events == ["file", "rename", "folder"]


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeatherboneError, match=r"No such file or directory \(make the folder .*nowhere first"):
        write(tmp_path / "nowhere" / "model", b"")


@pytest.mark.parametrize("path", [Path("/dev/full"), Path("/tmp")])
def test_devices_and_folders_are_not_replaced(path: Path) -> None:
    with pytest.raises(FeatherboneError, match="not a file that can be replaced"):
        write(path, b"x")


def test_a_link_keeps_pointing_to_its_target(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"new"


def test_readable_by_whom_the_umask_says(tmp_path: Path) -> None:
    previous = os.umask(0o027)
    try:
        write(tmp_path / "model", b"")
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "model").stat().st_mode) == 0o640
