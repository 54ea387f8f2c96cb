"""What tests of several folders share: helpers to import, a server on this machine for downloads, a few photos."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

# The tests, and the processes that they start, import what stands in helpers/.
sys.path.insert(0, str(Path(__file__).parent / "helpers"))


class Server(ThreadingHTTPServer):
    """Serves `contents`, by path; `cuts` are the lengths after which the next answers break off, `codes` refusals."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.contents: dict[str, bytes] = {}
        self.cuts: list[int] = []
        self.codes: list[int] = []
        self.ranges: list[str | None] = []  # of each request
        self.ignores_ranges = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.server.codes:
            self.send_error(self.server.codes.pop(0))
            return
        if self.path not in self.server.contents:
            self.send_error(404)
            return
        content = self.server.contents[self.path]
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and not self.server.ignores_ranges else 0
        if start >= len(content):
            self.send_error(416)
            return
        body = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{len(content)}")
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


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes of 24 photos each, one darker than the other, and a cache of their own."""
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    for label, shade in (("dark", 60), ("bright", 190)):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(24):
            pixels = np.clip(random.normal(shade, 30, (30, 30, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / label / f"{number}.png")
    return tmp_path / "photos"
