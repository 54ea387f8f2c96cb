"""Downloads from a server on this machine: interrupted, continued, damaged, missing."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Any

import pytest

from featherbone.download import download
from featherbone.errors import FeatherboneError

CONTENT = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def url(server: Any) -> str:
    server.contents["/file"] = CONTENT
    return f"{server.address}/file"


def test_whole_file_with_progress(server: Any, url: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = tmp_path / "new" / "file"
    digest = download(url, path, hashed="sha256:" + DIGEST[:8], progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert digest == DIGEST
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [file.name for file in path.parent.iterdir()] == ["file"]


def test_an_interrupted_transfer_is_continued(server: Any, url: str, tmp_path: Path) -> None:
    server.cuts = [1000, 5000]
    download(url, tmp_path / "file", hashed="sha256:" + DIGEST, pause=0)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000-", "bytes=6000-"]


def test_the_next_call_continues_too(server: Any, url: str, tmp_path: Path) -> None:
    server.cuts = [100, 100, 100]
    with pytest.raises(FeatherboneError, match=r"ended after 300 of 512,000 bytes .*continues this one"):
        download(url, tmp_path / "file", hashed="sha256:" + DIGEST, pause=0)
    assert [file.name for file in tmp_path.iterdir()] == ["file.part"]
    download(url, tmp_path / "file", hashed="sha256:" + DIGEST, pause=0)
    assert server.ranges[-1] == "bytes=300-"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_server_without_ranges_starts_again(server: Any, url: str, tmp_path: Path) -> None:
    server.cuts, server.ignores_ranges = [1000], True
    download(url, tmp_path / "file", hashed="sha256:" + DIGEST, pause=0)
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("left", [b"of another file", b"x" * (len(CONTENT) + 5)], ids=["other", "longer"])
def test_a_part_of_another_file_is_not_kept(server: Any, url: str, tmp_path: Path, left: bytes) -> None:
    (tmp_path / "file.part").write_bytes(left)
    download(url, tmp_path / "file", hashed="sha256:" + DIGEST, pause=0)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_another_hash_leaves_nothing(server: Any, url: str, tmp_path: Path) -> None:
    with pytest.raises(FeatherboneError, match="it should begin with 00000000, so the file was thrown away"):
        download(url, tmp_path / "file", hashed="sha256:00000000")
    assert list(tmp_path.iterdir()) == []


def test_missing_file_and_busy_server(server: Any, url: str, tmp_path: Path) -> None:
    with pytest.raises(FeatherboneError, match="the server answered 404"):
        download(url + "s", tmp_path / "file", hashed="sha256:" + DIGEST)
    assert len(server.ranges) == 1, "a missing file is not asked for again"
    server.codes = [503, 429]
    download(url, tmp_path / "file", hashed="sha256:" + DIGEST, pause=0)
    assert (tmp_path / "file").exists()


def test_no_server_and_no_address(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(FeatherboneError, match=r"could not be downloaded: .*refused"):
        download(f"http://127.0.0.1:{port}/file", tmp_path / "file", hashed="sha256:" + DIGEST, pause=0)
    with pytest.raises(FeatherboneError, match="is not an address to download from"):
        download("file:///etc/hostname", tmp_path / "file", hashed="sha256:" + DIGEST)


def test_md5_where_nothing_better_is_published(url: str, tmp_path: Path) -> None:
    digest = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    assert download(url, tmp_path / "file", hashed=f"md5:{digest}") == digest
    with pytest.raises(FeatherboneError, match=r"has the MD5 .* it should begin with 00000000"):
        download(url, tmp_path / "other", hashed="md5:00000000")
