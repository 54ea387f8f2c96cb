"""Downloads from a server on this machine: interrupted, continued, damaged, missing, offline, cached."""

from __future__ import annotations

import hashlib
import sys
import threading
import types
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from featherbone.errors import FeatherboneError
from featherbone.hub import Published, fetch
from featherbone.hub.download import download

CONTENT = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT at /file; ``cuts`` are the lengths after which the next answers break off."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.cuts, self.codes, self.ranges = CONTENT, [], [], []  # type: ignore[var-annotated]
        self.ignores_ranges = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/file"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.server.codes:
            self.send_error(self.server.codes.pop(0))
            return
        if self.path != "/file":
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and not self.server.ignores_ranges else 0
        if start >= len(self.server.content):
            self.send_error(416)
            return
        body = self.server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{len(self.server.content)}")
        self.end_headers()
        self.wfile.write(body[: self.server.cuts.pop(0)] if self.server.cuts else body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def entry(url: str, sha256: str = DIGEST[:8]) -> Published:
    return Published(
        name="torchvision/example",
        network="alexnet",
        url=url,
        repository="",
        sha256=sha256,
        licence="none",
        resolution=8,
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        tensorflow=False,
    )


def test_whole_file_with_progress(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = tmp_path / "new" / "file"
    digest = download(server.url, path, sha256=DIGEST[:8], progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert digest == DIGEST
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [file.name for file in path.parent.iterdir()] == ["file"]


def test_an_interrupted_transfer_is_continued(server: Server, tmp_path: Path) -> None:
    server.cuts = [1000, 5000]
    download(server.url, tmp_path / "file", sha256=DIGEST, pause=0)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000-", "bytes=6000-"]


def test_the_next_call_continues_too(server: Server, tmp_path: Path) -> None:
    server.cuts = [100, 100, 100]
    with pytest.raises(FeatherboneError, match=r"ended after 300 of 512,000 bytes .*continues this one"):
        download(server.url, tmp_path / "file", sha256=DIGEST, pause=0)
    assert [file.name for file in tmp_path.iterdir()] == ["file.part"]
    download(server.url, tmp_path / "file", sha256=DIGEST, pause=0)
    assert server.ranges[-1] == "bytes=300-"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_server_without_ranges_starts_again(server: Server, tmp_path: Path) -> None:
    server.cuts, server.ignores_ranges = [1000], True
    download(server.url, tmp_path / "file", sha256=DIGEST, pause=0)
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("left", [b"of another file", b"x" * (len(CONTENT) + 5)], ids=["other", "longer"])
def test_a_part_of_another_file_is_not_kept(server: Server, tmp_path: Path, left: bytes) -> None:
    (tmp_path / "file.part").write_bytes(left)
    download(server.url, tmp_path / "file", sha256=DIGEST, pause=0)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_another_hash_leaves_nothing(server: Server, tmp_path: Path) -> None:
    with pytest.raises(FeatherboneError, match="it should begin with 00000000, so the file was thrown away"):
        download(server.url, tmp_path / "file", sha256="00000000")
    assert list(tmp_path.iterdir()) == []


def test_missing_file_and_busy_server(server: Server, tmp_path: Path) -> None:
    with pytest.raises(FeatherboneError, match="the server answered 404"):
        download(server.url + "s", tmp_path / "file", sha256=DIGEST)
    assert len(server.ranges) == 1, "a missing file is not asked for again"
    server.codes = [503, 429]
    download(server.url, tmp_path / "file", sha256=DIGEST, pause=0)
    assert (tmp_path / "file").exists()


def test_no_server_and_no_address(tmp_path: Path) -> None:
    with Server() as closed:
        url = closed.url
    with pytest.raises(FeatherboneError, match=r"could not be downloaded: .*refused"):
        download(url, tmp_path / "file", sha256=DIGEST, pause=0)
    with pytest.raises(FeatherboneError, match="is not an address to download from"):
        download("file:///etc/hostname", tmp_path / "file", sha256=DIGEST)


def test_fetched_once_then_cached_and_checked(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path))
    path, digest = fetch(entry(server.url))
    assert (path, digest) == (tmp_path / "weights" / "file", DIGEST)
    fetch(entry(server.url))
    assert len(server.ranges) == 1
    path.write_bytes(CONTENT[:-1] + b"?")
    fetch(entry(server.url))
    assert path.read_bytes() == CONTENT, "a damaged file in the cache is replaced"


def test_offline_only_what_is_cached(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path))
    monkeypatch.setenv("FEATHERBONE_OFFLINE", "1")
    with pytest.raises(FeatherboneError, match=r"is not in the cache .* FEATHERBONE_OFFLINE forbids"):
        fetch(entry(server.url))
    monkeypatch.setenv("FEATHERBONE_OFFLINE", "0")
    path, _ = fetch(entry(server.url))
    monkeypatch.setenv("FEATHERBONE_OFFLINE", "1")
    assert fetch(entry(server.url))[0] == path
    assert len(server.ranges) == 1


def hugging_face(monkeypatch: pytest.MonkeyPatch, blob: Path | None) -> list[tuple[object, ...]]:
    """A stand-in for huggingface_hub that has one file in its cache, or none; returns how it was called."""
    calls: list[tuple[object, ...]] = []

    class LocalEntryNotFoundError(Exception):
        pass

    def hf_hub_download(repository: str, file: str, *, cache_dir: Path, local_files_only: bool) -> str:
        calls.append((repository, file, local_files_only))
        if blob is None:
            raise LocalEntryNotFoundError("nothing here\nsecond line")
        return str(blob)

    package, errors = types.ModuleType("huggingface_hub"), types.ModuleType("huggingface_hub.errors")
    package.hf_hub_download = hf_hub_download  # type: ignore[attr-defined]
    errors.LocalEntryNotFoundError = LocalEntryNotFoundError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", package)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", errors)
    return calls


def repository() -> Published:
    from dataclasses import replace

    return replace(entry(""), name="timm/example.in1k", repository="timm/example.in1k", sha256="")


def test_hugging_face_states_the_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = tmp_path / DIGEST
    blob.write_bytes(CONTENT)
    calls = hugging_face(monkeypatch, blob)
    assert fetch(repository()) == (blob, DIGEST)
    assert calls == [("timm/example.in1k", "model.safetensors", False)]
    blob.write_bytes(CONTENT[1:])
    with pytest.raises(FeatherboneError, match=f"the hub states {DIGEST[:16]}"):
        fetch(repository())


def test_hugging_face_unreachable_offline_or_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = hugging_face(monkeypatch, None)
    with pytest.raises(FeatherboneError, match="could not be downloaded from the Hugging Face hub: nothing here"):
        fetch(repository())
    monkeypatch.setenv("FEATHERBONE_OFFLINE", "1")
    with pytest.raises(FeatherboneError, match="FEATHERBONE_OFFLINE forbids"):
        fetch(repository())
    assert [call[2] for call in calls] == [False, True]
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(FeatherboneError, match=r"pip install 'featherbone\[hub\]'"):
        fetch(repository())
